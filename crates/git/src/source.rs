use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::SpooledTempFile;
use tokio::runtime::Handle;
use towpath_archive::{EntryPath, Limits, Meter, Refusal, zip};
use towpath_model::{Artifact, CommitId, ProjectName, Timestamp};
use towpath_store::Blobs;

use crate::objects::{Answer, Batch};
use crate::{EntryMode, GitError, Repositories, TreeEntry};

/// Zips up to this size are made in memory.
const IN_MEMORY: usize = 8 << 20;
/// Linux's PATH_MAX.
const LONGEST_TARGET: u64 = 4096;

impl Repositories {
    /// The commit's tree as a zip in the blob store: as it is, without a wrapping folder, the same commit
    /// always the same bytes. Asked for twice, it is made once. Export rules of `.gitattributes` do not
    /// apply. A submodule is an empty folder; see [`Self::submodules`].
    pub async fn source(
        &self,
        project: &ProjectName,
        commit: &CommitId,
        now: Timestamp,
    ) -> Result<Artifact, GitError> {
        if let Some(artifact) = self.made_before(project, commit).await? {
            return Ok(artifact);
        }
        let entries = self.list_files(project, commit).await?;
        let mut command = self.git(project)?;
        command.args(["cat-file", "--batch", "--buffer"]);
        let zipping = Zipping {
            entries,
            git: command.into_std(),
            temporary: self.inner.root.clone(),
            blobs: self.inner.blobs.clone(),
            runtime: Handle::current(),
        };
        let artifact = blocking(move || zipping.run()).await?;
        self.inner
            .store
            .set_source_artifact(project, commit, &artifact, now)
            .await?;
        Ok(artifact)
    }

    /// Where in the commit's tree submodules are, whose files [`Self::source`] does not hold.
    pub async fn submodules(
        &self,
        project: &ProjectName,
        commit: &CommitId,
    ) -> Result<Vec<EntryPath>, GitError> {
        let entries = self.list_files(project, commit).await?;
        let submodules = entries
            .iter()
            .filter(|entry| entry.mode == EntryMode::Submodule);
        Ok(submodules.map(|entry| entry.path.clone()).collect())
    }

    async fn made_before(
        &self,
        project: &ProjectName,
        commit: &CommitId,
    ) -> Result<Option<Artifact>, GitError> {
        let Some(artifact) = self.inner.store.source_artifact(project, commit).await? else {
            return Ok(None);
        };
        let size = self.inner.blobs.size(&artifact.digest).await?;
        Ok(size.is_some().then_some(artifact))
    }
}

/// Runs what would hold up the runtime. A panic in it is ours too.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, GitError> + Send + 'static,
) -> Result<T, GitError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Err(GitError::Failed {
            command: "cat-file".to_owned(),
            status: "not run".to_owned(),
            message: error.to_string(),
        }),
    }
}

struct Zipping {
    entries: Arc<[TreeEntry]>,
    git: Command,
    temporary: PathBuf,
    blobs: Blobs,
    runtime: Handle,
}

impl Zipping {
    fn run(self) -> Result<Artifact, GitError> {
        let requests = self
            .entries
            .iter()
            .filter(|entry| entry.mode != EntryMode::Submodule);
        let requests = requests
            .map(|entry| format!("{}\n", entry.object).into_bytes())
            .collect();
        let mut objects =
            Batch::start(self.git, requests).map_err(GitError::io("run", "git".as_ref()))?;
        let sink = tempfile::spooled_tempfile_in(IN_MEMORY, &self.temporary);
        let mut writer = zip::Writer::new(sink);
        let mut meter = Meter::new(Limits::default(), u64::MAX);
        for entry in self.entries.iter() {
            add(&mut writer, &mut meter, &mut objects, entry)?;
        }
        let mut content = writer.finish()?;
        content
            .rewind()
            .map_err(GitError::io("make a zip in", &self.temporary))?;
        self.runtime
            .block_on(store(&self.blobs, content, &self.temporary))
    }
}

fn add(
    writer: &mut zip::Writer<SpooledTempFile>,
    meter: &mut Meter,
    objects: &mut Batch,
    entry: &TreeEntry,
) -> Result<(), GitError> {
    let failed = || GitError::io("read from git", entry.path.as_path());
    meter.add_files(1).map_err(towpath_archive::Error::from)?;
    if entry.mode == EntryMode::Submodule {
        return Ok(writer.folder(&entry.path)?);
    }
    let Answer::Blob { size, mut content } = objects.next().map_err(failed())? else {
        return Err(GitError::unexpected("cat-file", entry.object.as_bytes()));
    };
    meter
        .add_bytes(size)
        .map_err(towpath_archive::Error::from)?;
    match entry.mode {
        EntryMode::Link => writer.link(&entry.path, &target(entry, size, &mut content)?)?,
        EntryMode::Executable => writer.file(&entry.path, 0o755, size, &mut content)?,
        EntryMode::File | EntryMode::Submodule => {
            writer.file(&entry.path, 0o644, size, &mut content)?
        }
    }
    objects.end_of_blob().map_err(failed())
}

fn target(entry: &TreeEntry, size: u64, content: &mut impl Read) -> Result<Vec<u8>, GitError> {
    if size > LONGEST_TARGET {
        let (entry, reason) = (entry.path.to_string(), Refusal::TooLong);
        return Err(towpath_archive::Error::Entry { entry, reason }.into());
    }
    let mut target = Vec::new();
    content
        .read_to_end(&mut target)
        .map_err(GitError::io("read from git", entry.path.as_path()))?;
    Ok(target)
}

async fn store(
    blobs: &Blobs,
    mut content: SpooledTempFile,
    temporary: &Path,
) -> Result<Artifact, GitError> {
    let mut writer = blobs.writer();
    let mut buffer = vec![0; 256 << 10];
    loop {
        let count = content
            .read(&mut buffer)
            .map_err(GitError::io("read a zip in", temporary))?;
        if count == 0 {
            return Ok(writer.finish(None).await?);
        }
        writer.write(&buffer[..count]).await?;
    }
}
