use std::sync::Arc;

use towpath_archive::EntryPath;
use towpath_model::{CommitId, ProjectName};

use crate::process::ask;
use crate::{GitError, Repositories};

/// A listing of half a million files.
const LISTING_LIMIT: usize = 128 << 20;

/// A file of a commit. Folders are not listed; they are where files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    pub path: EntryPath,
    pub mode: EntryMode,
    pub(crate) object: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryMode {
    File,
    Executable,
    Link,
    /// Another repository's commit. Its files are not part of this one.
    Submodule,
}

impl Repositories {
    /// All files of a commit, sorted by path.
    pub async fn list_files(
        &self,
        project: &ProjectName,
        commit: &CommitId,
    ) -> Result<Arc<[TreeEntry]>, GitError> {
        if let Some(files) = self.inner.listings.get(project, commit) {
            return Ok(files);
        }
        let files = self.read_tree(project, commit).await?.into();
        self.inner.listings.keep(project, commit, &files);
        Ok(files)
    }

    async fn read_tree(
        &self,
        project: &ProjectName,
        commit: &CommitId,
    ) -> Result<Vec<TreeEntry>, GitError> {
        let mut command = self.git(project)?;
        command
            .args(["ls-tree", "-r", "-z", "--full-tree", "--end-of-options"])
            .arg(format!("{}^{{commit}}", commit.as_str()));
        let answer = ask(command, LISTING_LIMIT).await?;
        if answer.success {
            parse(&answer.stdout)
        } else if answer.stderr.contains("Not a valid object name") {
            Err(GitError::NoCommit(commit.clone()))
        } else {
            Err(answer.into_error("ls-tree".to_owned()))
        }
    }
}

/// Reads `<mode> SP <type> SP <object> TAB <path> NUL` (git-ls-tree(1), "Output format").
fn parse(listing: &[u8]) -> Result<Vec<TreeEntry>, GitError> {
    listing
        .split(|&byte| byte == 0)
        .filter(|record| !record.is_empty())
        .map(entry)
        .collect()
}

fn entry(record: &[u8]) -> Result<TreeEntry, GitError> {
    let unexpected = || GitError::unexpected("ls-tree", record);
    let tab = record
        .iter()
        .position(|&byte| byte == b'\t')
        .ok_or_else(unexpected)?;
    let (head, path) = (&record[..tab], &record[tab + 1..]);
    let head = std::str::from_utf8(head).map_err(|_| unexpected())?;
    let &[mode, _, object] = &head.split(' ').collect::<Vec<_>>()[..] else {
        return Err(unexpected());
    };
    let mode = match mode {
        "100755" => EntryMode::Executable,
        "120000" => EntryMode::Link,
        "160000" => EntryMode::Submodule,
        // Old repositories also have 100664.
        mode if mode.starts_with("100") => EntryMode::File,
        _ => return Err(unexpected()),
    };
    let path = EntryPath::parse(path).map_err(|reason| towpath_archive::Error::Entry {
        entry: String::from_utf8_lossy(path).escape_debug().to_string(),
        reason,
    })?;
    Ok(TreeEntry {
        path,
        mode,
        object: object.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_of_a_tree_is_read() {
        let id = "0".repeat(40);
        let listing = format!(
            "100644 blob {id}\ta\0100755 blob {id}\tb/c d\0120000 blob {id}\tl\n\0160000 commit {id}\ts\0100664 blob {id}\tt\0"
        );
        let entries = parse(listing.as_bytes()).unwrap();
        let shown: Vec<_> = entries
            .iter()
            .map(|e| (e.path.as_bytes(), e.mode))
            .collect();
        let expected: [(&[u8], EntryMode); 5] = [
            (b"a", EntryMode::File),
            (b"b/c d", EntryMode::Executable),
            (b"l\n", EntryMode::Link),
            (b"s", EntryMode::Submodule),
            (b"t", EntryMode::File),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_tree_made_to_harm_is_an_error() {
        for record in [
            "100644 blob 00\t../x",
            "100644 blob 00\t/x",
            "junk",
            "040000 tree 00\tx",
        ] {
            assert!(parse(record.as_bytes()).is_err(), "{record}");
        }
    }
}
