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
        let prepared = access.prepare(&mut command, self.unfinished()?)?;
        command
            .args(["fetch", "--quiet", "--prune", "--force", "--no-tags"])
            .args(["--no-write-fetch-head", "--no-recurse-submodules", "--"])
            .arg(access.url.as_str())
            .args(["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]);
        let ended = run(command).await;
        // Also when it broke off: what has moved has moved.
        let updates = self.observe(project, now).await;
        ended.map_err(|error| error.explained(access))?;
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

impl GitError {
    /// Says what git's words mean for whoever looks after the project.
    fn explained(self, access: &Access) -> Self {
        let Self::Failed { message, .. } = &self else {
            return self;
        };
        Self::Remote(explain(message, access))
    }
}

fn explain(message: &str, access: &Access) -> String {
    let (url, host) = (&access.url, access.url.host());
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&[
        "could not read Username",
        "could not read Password",
        "Authentication failed",
    ]) || says(&["error: 401", "error: 403"])
    {
        return format!(
            "{host} refuses the credentials for {url}: they are missing, wrong or expired; give others with `towpath project remote`"
        );
    }
    if says(&["Permission denied (publickey", "Load key"]) {
        return format!(
            "{host} refuses the SSH key for {url}; add its public half there as a deploy key, or give another key with `towpath project remote`"
        );
    }
    if says(&["host key is known for"]) {
        let port = url
            .port()
            .map_or_else(String::new, |port| format!("-p {port} "));
        return format!(
            "{host} shows an SSH host key that is none of the trusted ones; when `ssh-keyscan {port}{host} > FILE` shows the one that it is to have, trust it with `towpath project remote --known-hosts FILE`"
        );
    }
    if says(&["REMOTE HOST IDENTIFICATION HAS CHANGED"]) || says(&["Host key verification failed"])
    {
        return format!(
            "{host} shows another SSH host key than the one that is known, so somebody may be in between; when it was replaced, give the new one with `towpath project remote --known-hosts`"
        );
    }
    if says(&[
        "not found",
        "does not exist",
        "does not appear to be a git repository",
    ]) {
        return format!("there is no repository at {url}, or the credentials may not see it");
    }
    if says(&[
        "unable to update url base from redirection",
        "error: 301",
        "error: 302",
    ]) || says(&["error: 307", "error: 308"])
    {
        return format!(
            "{url} has moved to another address, which is not followed; give the new one with `towpath project remote`"
        );
    }
    if says(&["cannot run ssh", "ssh: not found"]) {
        return "the program ssh is missing on this machine; install an OpenSSH client".to_owned();
    }
    let last = message.lines().rfind(|line| !line.trim().is_empty());
    let last: String = last
        .unwrap_or("git says nothing")
        .chars()
        .take(300)
        .collect();
    match says(&[
        "Could not resolve",
        "Failed to connect",
        "Connection refused",
        "timed out",
    ]) {
        true => format!("{host} cannot be reached: {last}"),
        false => format!("cannot fetch {url}: {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_store::Credential;

    #[test]
    fn failures_say_what_to_do() {
        let access = Access {
            url: "https://github.com/acme/hello".parse().unwrap(),
            provider: towpath_model::Provider::Github,
            username: None,
            credential: Credential::None,
            known_hosts: None,
        };
        for (message, expected) in [
            (
                "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
                "refuses the credentials",
            ),
            (
                "fatal: unable to access 'x': The requested URL returned error: 403",
                "refuses the credentials",
            ),
            (
                "git@github.com: Permission denied (publickey).",
                "deploy key",
            ),
            (
                "No ED25519 host key is known for github.com and you have requested strict checking.\nHost key verification failed.",
                "`ssh-keyscan github.com > FILE`",
            ),
            (
                "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
                "another SSH host key",
            ),
            (
                "remote: Repository not found.\nfatal: repository 'x' not found",
                "there is no repository",
            ),
            (
                "fatal: unable to access 'x': Could not resolve host: github.com",
                "cannot be reached",
            ),
            (
                "fatal: unable to access 'x': The requested URL returned error: 301",
                "has moved",
            ),
            (
                "fatal: early EOF",
                "cannot fetch https://github.com/acme/hello: fatal: early EOF",
            ),
        ] {
            let explained = explain(message, &access);
            assert!(explained.contains(expected), "{message}: {explained}");
        }
    }
}
