use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use towpath_model::{Outbound, ProjectName, RefName};
use towpath_store::{Blobs, Store};

use crate::GitError;
use crate::listings::Listings;
use crate::process::output;
use crate::program::Program;

/// Project names hold no dot, so that neither of these can be a project's.
const HOME: &str = ".home";
const UNFINISHED: &str = ".unfinished-";

/// What of Towpath's configuration concerns git.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where `git` is looked for, as in PATH.
    pub search_path: OsString,
    /// Clones, fetches and pushes served at the same time; more of them wait.
    pub concurrency: usize,
    /// A transfer in which nothing moves for this long is ended.
    pub stall: Duration,
    /// How remotes are reached.
    pub outbound: Outbound,
}

impl Default for Options {
    /// The usual folders, 16 at a time, 10 minutes.
    fn default() -> Self {
        Self {
            search_path: "/usr/local/bin:/usr/bin:/bin".into(),
            concurrency: 16,
            stall: Duration::from_secs(600),
            outbound: Outbound::default(),
        }
    }
}

/// All repositories of a data folder: `<root>/<project>.git`. Cheap to clone.
#[derive(Clone)]
pub struct Repositories {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) root: PathBuf,
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) program: Program,
    pub(crate) backends: Arc<Semaphore>,
    pub(crate) stall: Duration,
    pub(crate) outbound: Outbound,
    pub(crate) listings: Listings,
    locks: Mutex<HashMap<ProjectName, Arc<tokio::sync::Mutex<()>>>>,
}

impl Repositories {
    /// Opens the folder, makes it when it is not there, and removes what a killed server was making or
    /// deleting. [`GitError::Program`] when git is missing.
    pub async fn open(
        root: PathBuf,
        store: Store,
        blobs: Blobs,
        options: Options,
    ) -> Result<Self, GitError> {
        let home = root.join(HOME);
        std::fs::create_dir_all(&home).map_err(GitError::io("create", &home))?;
        remove_unfinished(&root).map_err(GitError::io("clean up", &root))?;
        let program = Program::find(options.search_path, home).await?;
        let inner = Inner {
            root,
            store,
            blobs,
            program,
            backends: Arc::new(Semaphore::new(options.concurrency)),
            stall: options.stall,
            outbound: options.outbound,
            listings: Listings::default(),
            locks: Mutex::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Makes an empty repository whose HEAD is `head`: what a clone checks out. It is there whole or not at all.
    pub async fn create(&self, project: &ProjectName, head: &RefName) -> Result<(), GitError> {
        if self.exists(project) {
            return Err(GitError::Exists(project.clone()));
        }
        let unfinished = self.unfinished()?;
        let mut init = self.inner.program.command();
        init.args(["init", "--quiet", "--bare", "--template="])
            .arg(unfinished.path());
        output(init, 4096).await?;
        let head = format!("ref: {}\n", head.as_str());
        write_durably(&unfinished.path().join("HEAD"), &head)?;
        write_durably(&unfinished.path().join("config"), CONFIG)?;
        sync_folder(unfinished.path())?;
        let path = self.path(project);
        match std::fs::rename(unfinished.path(), &path) {
            Ok(()) => {}
            // Somebody else was faster; a repository is never empty, so that it is not replaced.
            Err(_) if self.exists(project) => return Err(GitError::Exists(project.clone())),
            Err(error) => return Err(GitError::io("create", &path)(error)),
        }
        sync_folder(&self.inner.root)
    }

    /// The project's repository, whether it is there or not.
    pub fn path(&self, project: &ProjectName) -> PathBuf {
        self.inner.root.join(format!("{project}.git"))
    }

    pub fn exists(&self, project: &ProjectName) -> bool {
        self.path(project).is_dir()
    }

    /// Removes the repository. One that is not there is fine.
    pub async fn delete(&self, project: &ProjectName) -> Result<(), GitError> {
        let _lock = self.lock(project).await;
        self.inner.listings.forget(project);
        let path = self.path(project);
        let unfinished = self.unfinished()?;
        match std::fs::rename(&path, unfinished.path().join("deleted")) {
            Ok(()) => sync_folder(&self.inner.root)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(GitError::io("delete", &path)(error)),
        }
        let removed = tokio::task::spawn_blocking(move || unfinished.close()).await;
        removed
            .unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
            .map_err(GitError::io("delete", &path))
    }

    /// The path of a repository that is there.
    pub(crate) fn existing(&self, project: &ProjectName) -> Result<PathBuf, GitError> {
        let path = self.path(project);
        if path.is_dir() {
            Ok(path)
        } else {
            Err(GitError::NoRepository(project.clone()))
        }
    }

    /// `git` in the project's repository.
    pub(crate) fn git(&self, project: &ProjectName) -> Result<tokio::process::Command, GitError> {
        Ok(self.inner.program.within(&self.existing(project)?))
    }

    /// Holds everybody else off who reads the project's refs to write them down.
    pub(crate) async fn lock(&self, project: &ProjectName) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self
                .inner
                .locks
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            locks.entry(project.clone()).or_default().clone()
        };
        lock.lock_owned().await
    }

    /// A folder that is removed when it is dropped, or at the next start.
    pub(crate) fn unfinished(&self) -> Result<tempfile::TempDir, GitError> {
        tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(&self.inner.root)
            .map_err(GitError::io("create a folder in", &self.inner.root))
    }
}

/// A repository's whole configuration. Written by us and nobody else.
const CONFIG: &str = "\
[core]
\trepositoryformatversion = 0
\tbare = true
\tfilemode = true
\tlogAllRefUpdates = false
\thooksPath = /dev/null
\tattributesFile = /dev/null
\tfsync = committed
\tbigFileThreshold = 16m
[http]
\treceivepack = true
\tuploadpack = true
\tgetanyfile = false
[receive]
\tautogc = false
\tmaxInputSize = 8g
[gc]
\tauto = 0
[maintenance]
\tauto = false
[pack]
\twindowMemory = 64m
\tthreads = 2
[uploadpack]
\tallowFilter = true
\tallowReachableSHA1InWant = true
";

fn remove_unfinished(root: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn write_durably(path: &Path, content: &str) -> Result<(), GitError> {
    let write = || {
        let mut file = std::fs::File::create(path)?;
        std::io::Write::write_all(&mut file, content.as_bytes())?;
        file.sync_all()
    };
    write().map_err(GitError::io("write", path))
}

fn sync_folder(path: &Path) -> Result<(), GitError> {
    let sync = || std::fs::File::open(path)?.sync_all();
    sync().map_err(GitError::io("write", path))
}
