use towpath_model::{CommitId, ProjectName, Timestamp};

use crate::process::ask;
use crate::{GitError, Repositories};

const LIMIT: usize = 64 << 10;
/// As long as a title may be, in characters.
const TITLE: usize = 200;

/// A commit, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitInfo {
    pub id: CommitId,
    /// The first line of the message, at most 200 characters.
    pub title: String,
    pub author_name: String,
    pub author_email: String,
    /// When it was committed.
    pub at: Timestamp,
}

impl Repositories {
    /// [`GitError::NoCommit`] when the repository does not hold it.
    pub async fn commit_info(
        &self,
        project: &ProjectName,
        commit: &CommitId,
    ) -> Result<CommitInfo, GitError> {
        let mut command = self.git(project)?;
        command
            .args([
                "log",
                "--max-count=1",
                "--no-show-signature",
                "--no-notes",
                "--no-mailmap",
            ])
            .args([
                "--encoding=UTF-8",
                "--format=%ct%x00%an%x00%ae%x00%<(1000,trunc)%s",
            ])
            .args(["--end-of-options", commit.as_str(), "--"]);
        let answer = ask(command, LIMIT).await?;
        if answer.success {
            parse(commit, &answer.stdout)
        } else if answer.stderr.contains("bad object") {
            Err(GitError::NoCommit(commit.clone()))
        } else {
            Err(answer.into_error("log".to_owned()))
        }
    }
}

fn parse(commit: &CommitId, answer: &[u8]) -> Result<CommitInfo, GitError> {
    let unexpected = || GitError::unexpected("log", answer);
    let text = String::from_utf8_lossy(answer);
    let mut fields = text.splitn(4, '\0');
    let mut next = || fields.next().ok_or_else(unexpected);
    let (seconds, author_name, author_email, title) = (next()?, next()?, next()?, next()?);
    let seconds: i64 = seconds.trim().parse().map_err(|_| unexpected())?;
    Ok(CommitInfo {
        id: commit.clone(),
        title: title.trim_end().chars().take(TITLE).collect(),
        author_name: author_name.to_owned(),
        author_email: author_email.to_owned(),
        at: Timestamp(seconds.saturating_mul(1000)),
    })
}
