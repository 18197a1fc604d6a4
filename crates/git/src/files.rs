use std::io::Read;

use towpath_archive::EntryPath;
use towpath_model::{CommitId, ProjectName};

use crate::objects::{Answer, Batch};
use crate::source::blocking;
use crate::{GitError, Repositories};

impl Repositories {
    /// A file's content as of a commit, `None` when it has none such; larger than `limit` bytes is an error.
    /// Links are followed within the commit's tree.
    pub async fn read_file(
        &self,
        project: &ProjectName,
        commit: &CommitId,
        path: &EntryPath,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, GitError> {
        let path = path.clone();
        let mut request = format!("{}:", commit.as_str()).into_bytes();
        request.extend_from_slice(path.as_bytes());
        if request.contains(&b'\n') {
            // git reads requests by the line.
            return Err(GitError::NotAFile { path });
        }
        request.push(b'\n');
        let mut command = self.git(project)?;
        command.args(["cat-file", "--batch", "--follow-symlinks"]);
        let command = command.into_std();
        blocking(move || read(command, request, path, limit)).await
    }
}

fn read(
    command: std::process::Command,
    request: Vec<u8>,
    path: EntryPath,
    limit: u64,
) -> Result<Option<Vec<u8>>, GitError> {
    let failed = || GitError::io("read from git", path.as_path());
    let mut batch = Batch::start(command, vec![request]).map_err(failed())?;
    let answer = batch.next().map_err(failed())?;
    match answer {
        Answer::Missing => Ok(None),
        Answer::Other => Err(GitError::NotAFile { path }),
        Answer::Blob { size, .. } if size > limit => Err(GitError::FileTooLarge { path, limit }),
        Answer::Blob { mut content, .. } => {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).map_err(failed())?;
            Ok(Some(bytes))
        }
    }
}
