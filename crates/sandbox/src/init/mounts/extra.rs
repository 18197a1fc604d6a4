//! What the caller wants to be seen besides the root file system.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::mount::MsFlags;
use rustix::fs::{FileType, fstat};

use super::super::failure::Failure;
use super::stage::open_path;
use super::target;
use crate::{Mount, MountSource};

/// A mount whose source is open.
pub(super) struct Opened {
    pub(super) target: PathBuf,
    source: Source,
    read_only: bool,
}

enum Source {
    Bind { fd: OwnedFd, folder: bool },
    Tmpfs { size: Option<u64> },
}

impl Opened {
    pub(super) fn is_folder(&self) -> bool {
        !matches!(self.source, Source::Bind { folder: false, .. })
    }
}

pub(super) fn open(mounts: &[Mount]) -> Result<Vec<Opened>, Failure> {
    mounts.iter().map(open_one).collect()
}

fn open_one(mount: &Mount) -> Result<Opened, Failure> {
    if !mount.target.is_absolute() {
        return Err(Failure::new(format!(
            "a mount's target is absolute, not {}",
            mount.target.display()
        )));
    }
    let source = match &mount.source {
        MountSource::Bind(path) => open_source(path)?,
        MountSource::Tmpfs { size } => Source::Tmpfs { size: *size },
    };
    Ok(Opened {
        target: mount.target.clone(),
        source,
        read_only: mount.read_only,
    })
}

fn open_source(path: &Path) -> Result<Source, Failure> {
    let fd = open_path(path)?;
    let stat = fstat(&fd).map_err(Failure::of(format!("look at {}", path.display())))?;
    let folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    Ok(Source::Bind { fd, folder })
}

pub(super) fn mount(mounts: Vec<Opened>) -> Result<(), Failure> {
    mounts.into_iter().try_for_each(mount_one)
}

fn mount_one(mount: Opened) -> Result<(), Failure> {
    target::ensure(&mount.target, mount.is_folder())?;
    match mount.source {
        Source::Bind { fd, .. } => target::bind(&fd, &mount.target, mount.read_only),
        Source::Tmpfs { size } => {
            let flags = if mount.read_only {
                MsFlags::MS_RDONLY
            } else {
                MsFlags::empty()
            };
            let size = size.map_or(String::new(), |bytes| format!(",size={bytes}"));
            target::tmpfs(&mount.target, flags, &format!("mode=0777{size}"))
        }
    }
}
