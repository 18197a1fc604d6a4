//! Bringing a project's repository to where its remote stands.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use towpath_model::{ProjectName, RefUpdated, Timestamp};

use crate::process::read_start;
use crate::remote::Access;
use crate::{GitError, Repositories};

/// No fetch takes longer than this; a repository of some gigabytes fits.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// What a fetch brought.
#[derive(Clone, Debug)]
pub struct Mirrored {
    pub updates: Vec<RefUpdated>,
    /// The SSH hosts as they are known now, when they were not before.
    pub known_hosts: Option<String>,
}

impl Repositories {
    /// Fetches the remote's branches and tags, forgets those that are gone there, and commits an event for
    /// each that moved: [`Repositories::observe`], as after a push. What has not changed is not transferred.
    pub async fn mirror(
        &self,
        project: &ProjectName,
        access: &Access,
        now: Timestamp,
    ) -> Result<Mirrored, GitError> {
        let mut command = self.git(project)?;
        let prepared = access.prepare(&mut command, self.unfinished()?, &self.inner.outbound)?;
        command
            .args(["fetch", "--quiet", "--prune", "--force", "--no-tags"])
            .args(["--no-write-fetch-head", "--no-recurse-submodules", "--"])
            .arg(access.url.as_str())
            .args(["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]);
        let ended = run(command).await;
        // Also when it broke off: what has moved has moved.
        let updates = self.observe(project, now).await;
        ended.map_err(|error| error.explained(&access.url))?;
        let learned = prepared
            .known_hosts()
            .filter(|_| access.known_hosts.is_none());
        Ok(Mirrored {
            updates: updates?,
            known_hosts: learned,
        })
    }
}

async fn run(mut command: Command) -> Result<(), GitError> {
    let io = || GitError::io("run", "git fetch".as_ref());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(io())?;
    let stderr = child.stderr.take();
    let mut group = Group(child);
    let ended = async {
        let said = read_start(stderr).await?;
        Ok::<_, std::io::Error>((group.0.wait().await?, said))
    };
    let (status, said) = match tokio::time::timeout(LIMIT, ended).await {
        Ok(ended) => ended.map_err(io())?,
        Err(_) => {
            return Err(GitError::TimedOut {
                command: "fetch".to_owned(),
                seconds: LIMIT.as_secs(),
            });
        }
    };
    match status.success() {
        true => Ok(()),
        false => Err(GitError::Failed {
            command: "fetch".to_owned(),
            status: status.to_string(),
            message: String::from_utf8_lossy(&said).trim().to_owned(),
        }),
    }
}

/// git and the programs that it talks to the remote with. None outlives the fetch.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let id = self.0.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = id.and_then(Pid::from_raw)
            && let Err(error) = kill_process_group(group, Signal::KILL)
        {
            tracing::debug!(%error, "git fetch had ended already");
        }
    }
}
