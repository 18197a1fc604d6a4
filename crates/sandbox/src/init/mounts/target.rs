//! Places to mount on, as the new root names them.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};

use super::super::failure::Failure;
use super::super::kernel;
use super::stage::open_path;

/// As many links as the kernel follows (path_resolution(7)).
const MAX_LINKS: u32 = 40;

/// A short path to what a descriptor stands for.
pub(super) fn fd_path(fd: &impl AsFd) -> PathBuf {
    format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd()).into()
}

/// Makes sure that there is something to mount on.
pub(super) fn ensure(target: &Path, folder: bool) -> Result<(), Failure> {
    make(target, folder).map_err(Failure::of(format!(
        "make {} to mount on",
        target.display()
    )))
}

fn make(target: &Path, folder: bool) -> io::Result<()> {
    let mut target = target.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::metadata(&target) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Err(_) => {}
        }
        match (fs::read_link(&target), target.parent()) {
            (Ok(leads_to), Some(parent)) => target = parent.join(leads_to),
            (_, parent) => return make_new(&target, parent, folder),
        }
    }
    Err(io::Error::from_raw_os_error(nix::libc::ELOOP))
}

fn make_new(target: &Path, parent: Option<&Path>, folder: bool) -> io::Result<()> {
    if folder {
        return fs::create_dir_all(target);
    }
    if let Some(parent) = parent {
        fs::create_dir_all(parent)?;
    }
    File::create(target).map(drop)
}

/// Shows what a descriptor stands for at `target`, with all that is mounted below it; device files in it and
/// set-id bits have no effect.
pub(super) fn bind(source: &impl AsFd, target: &Path, read_only: bool) -> Result<(), Failure> {
    bind_device(source, target)?;
    kernel::restrict_mounts(open_path(target)?, read_only).map_err(Failure::of(format!(
        "restrict {} (Linux 5.12 is needed)",
        target.display()
    )))
}

/// As [`bind`], for device files.
pub(super) fn bind_device(source: &impl AsFd, target: &Path) -> Result<(), Failure> {
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(
        Some(&fd_path(source)),
        target,
        None::<&str>,
        flags,
        None::<&str>,
    )
    .map_err(Failure::of(format!("mount {}", target.display())))
}

/// An empty file system in memory.
pub(super) fn tmpfs(target: &Path, flags: MsFlags, options: &str) -> Result<(), Failure> {
    ensure(target, true)?;
    mount(
        Some("tmpfs"),
        target,
        Some("tmpfs"),
        flags | MsFlags::MS_NODEV | MsFlags::MS_NOSUID,
        Some(options),
    )
    .map_err(Failure::of(format!("mount {}", target.display())))
}
