//! Layers unpacked on disk, each once, in the form that an overlay mount takes as its lower folders.

mod archive;
mod budget;
mod error;
mod extract;
mod folder;
mod remove;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use towpath_model::{Digest, Timestamp};
use towpath_store::Blobs;

pub use error::{UnpackError, UnpackErrorKind};
pub use extract::Limits;

use crate::image::Layer;
use crate::keyed::Keyed;

const TEMPORARY: &str = "unpacking";
/// The layer's files lie one folder deeper, so that the outer one's time can tell the last use.
const FILES: &str = "fs";

/// A folder of unpacked layers. Cheap to clone; clones share the work in progress.
///
/// As root, files keep their owners and overlay's marks are `trusted.overlay.*`. As a plain user every
/// file is the user's, who is root inside a user namespace, and the marks are `user.overlay.*`: mount
/// with `userxattr`. Whiteouts are character devices 0/0 in both, which Linux 5.8 and later let everyone make.
/// A layer is whole or not there, also after a crash.
#[derive(Clone, Debug)]
pub struct LayerStore {
    folder: Arc<PathBuf>,
    blobs: Blobs,
    unpacking: Arc<Keyed<Digest>>,
    limits: Limits,
}

impl LayerStore {
    /// Makes the folder when it is not there, and removes what a killed server was unpacking.
    pub fn open(folder: &Path, blobs: Blobs) -> Result<Self, std::io::Error> {
        let temporary = folder.join(TEMPORARY);
        remove::tree(&temporary)?;
        std::fs::create_dir_all(&temporary)?;
        // Set-user-id programs of images are not for the users of this machine.
        set_mode(folder, 0o700)?;
        Ok(Self {
            folder: Arc::new(folder.to_owned()),
            blobs,
            unpacking: Arc::default(),
            limits: Limits::default(),
        })
    }

    /// The same store with other limits for what it unpacks from now on.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The folder with the layer's files, not to be written to. The first call unpacks it and checks its
    /// digest; calls at the same time share the work.
    pub async fn unpacked(&self, layer: &Layer) -> Result<PathBuf, UnpackError> {
        let guard = self.unpacking.lock(layer.diff_id).await;
        let (store, layer) = (self.clone(), *layer);
        let archive = match store.is_unpacked(&layer.diff_id) {
            true => None,
            false => Some(
                self.blobs
                    .file(&layer.digest)
                    .await
                    .map_err(|error| UnpackError::new(&layer, UnpackErrorKind::Blob(error)))?,
            ),
        };
        // The lock goes with the work: a caller who gives up does not stop the thread.
        let work = move || {
            let _guard = guard;
            store.unpack(&layer, archive.as_deref())
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            let kind = UnpackErrorKind::Io("unpack".to_owned(), std::io::Error::other(error));
            UnpackError::new(&layer, kind)
        })?
    }

    /// The folders of an image, the topmost first, as overlay's `lowerdir` wants them.
    pub async fn lower_folders(&self, layers: &[Layer]) -> Result<Vec<PathBuf>, UnpackError> {
        let mut folders = Vec::new();
        for layer in layers.iter().rev() {
            folders.push(self.unpacked(layer).await?);
        }
        Ok(folders)
    }

    /// Removes the layers whose diff ids are not in `keep` and that were not asked for within `grace`.
    /// Whoever has one mounted must have it in `keep`. Returns how many were removed.
    pub async fn collect(
        &self,
        keep: BTreeSet<Digest>,
        grace: Duration,
        now: Timestamp,
    ) -> Result<u64, std::io::Error> {
        let store = self.clone();
        let work = move || store.remove_unused(&keep, grace, now);
        tokio::task::spawn_blocking(work)
            .await
            .map_err(std::io::Error::other)?
    }

    fn place(&self, diff_id: &Digest) -> PathBuf {
        self.folder.join(diff_id.hex())
    }

    fn is_unpacked(&self, diff_id: &Digest) -> bool {
        self.place(diff_id).join(FILES).is_dir()
    }

    fn unpack(&self, layer: &Layer, archive: Option<&Path>) -> Result<PathBuf, UnpackError> {
        let io = |what: &str, path: &Path| {
            let what = format!("{what} {}", path.display());
            move |error| UnpackError::new(layer, UnpackErrorKind::Io(what, error))
        };
        let place = self.place(&layer.diff_id);
        if let Some(archive) = archive {
            let temporary = self.folder.join(TEMPORARY).join(layer.diff_id.hex());
            remove::tree(&temporary).map_err(io("remove", &temporary))?;
            let files = temporary.join(FILES);
            std::fs::create_dir_all(&files).map_err(io("make", &files))?;
            set_mode(&files, 0o755).map_err(io("make", &files))?;
            let unpacked = extract::layer(archive, layer, &files, &self.limits);
            if let Err(error) = unpacked {
                remove::tree(&temporary).map_err(io("remove", &temporary))?;
                return Err(error);
            }
            self.publish(&temporary, &place)
                .map_err(io("move", &temporary))?;
        }
        touch(&place).map_err(io("touch", &place))?;
        Ok(place.join(FILES))
    }

    fn publish(&self, temporary: &Path, place: &Path) -> std::io::Result<()> {
        std::fs::File::open(temporary)?.sync_all()?;
        std::fs::rename(temporary, place)?;
        std::fs::File::open(self.folder.as_path())?.sync_all()
    }

    fn remove_unused(
        &self,
        keep: &BTreeSet<Digest>,
        grace: Duration,
        now: Timestamp,
    ) -> std::io::Result<u64> {
        let mut removed = 0;
        for entry in std::fs::read_dir(self.folder.as_path())? {
            let entry = entry?;
            let name = entry.file_name();
            let digest = name
                .to_str()
                .map(|hex| format!("sha256:{hex}").parse::<Digest>());
            let Some(Ok(diff_id)) = digest else {
                continue;
            };
            // Whoever is unpacking it is about to use it.
            let Some(_guard) = self.unpacking.try_lock(diff_id) else {
                continue;
            };
            let used = Timestamp::from(entry.metadata()?.modified()?);
            if keep.contains(&diff_id) || now.since(used) < grace {
                continue;
            }
            let doomed = self.folder.join(TEMPORARY).join(&name);
            remove::tree(&doomed)?;
            std::fs::rename(entry.path(), &doomed)?;
            remove::tree(&doomed)?;
            removed += 1;
        }
        Ok(removed)
    }
}

/// Whatever the umask is.
fn set_mode(path: &Path, mode: u32) -> std::io::Result<()> {
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
    std::fs::set_permissions(path, permissions)
}

fn touch(folder: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder)?.set_modified(SystemTime::now())
}
