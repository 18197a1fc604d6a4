//! Making files beneath a folder. The kernel resolves every path with that folder as the root
//! (`openat2`, `RESOLVE_IN_ROOT`): an absolute link or `..` in an image cannot lead out.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat, XattrFlags};
use rustix::io::Errno;

use crate::layer::EntryPath;

/// `openat2` gives up with EAGAIN when something is renamed or mounted anywhere at that moment.
const RESOLVE_ATTEMPTS: u32 = 1000;

pub(super) struct Folder {
    root: OwnedFd,
}

/// Where a name is to be made.
pub(super) struct Parent {
    fd: OwnedFd,
}

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self { root })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    /// The folder at a path, made with those above it where they are missing.
    pub(super) fn parent(&self, path: &EntryPath) -> io::Result<Parent> {
        match self.folder(path) {
            Ok(fd) => return Ok(Parent { fd }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        for prefix in path.prefixes() {
            match self.folder(&prefix) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let above = self.folder(&prefix.parent())?;
                    let name = prefix.file_name().unwrap_or_default();
                    let mode = Mode::from_raw_mode(0o755);
                    rustix::fs::mkdirat(&above, name, mode)?;
                    // The server's umask is not the image's.
                    rustix::fs::chmodat(&above, name, mode, AtFlags::empty())?;
                }
                result => drop(result?),
            }
        }
        let fd = self.folder(path)?;
        Ok(Parent { fd })
    }

    pub(super) fn folder(&self, path: &EntryPath) -> io::Result<OwnedFd> {
        let text = match path.is_root() {
            true => Path::new("."),
            false => path.as_path(),
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        for _ in 0..RESOLVE_ATTEMPTS {
            let opened = rustix::fs::openat2(
                &self.root,
                text,
                flags,
                Mode::empty(),
                ResolveFlags::IN_ROOT,
            );
            match opened {
                Err(Errno::AGAIN) => {}
                result => return Ok(result?),
            }
        }
        Err(Errno::AGAIN.into())
    }
}

impl Parent {
    pub(super) fn new(fd: OwnedFd) -> Self {
        Self { fd }
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    pub(super) fn stat(&self, name: &OsStr) -> io::Result<Option<Stat>> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes what is not a folder.
    pub(super) fn unlink(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    pub(super) fn create_file(&self, name: &OsStr) -> io::Result<File> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o600);
        Ok(rustix::fs::openat(&self.fd, name, flags, mode)?.into())
    }

    pub(super) fn create_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(
            &self.fd,
            name,
            Mode::from_raw_mode(0o700),
        )?)
    }

    pub(super) fn open_folder(&self, name: &OsStr) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.fd, name, flags, Mode::empty())?)
    }

    pub(super) fn create_symlink(&self, name: &OsStr, target: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(
            OsStr::from_bytes(target),
            &self.fd,
            name,
        )?)
    }

    pub(super) fn create_node(&self, name: &OsStr, kind: FileType, device: u64) -> io::Result<()> {
        let mode = Mode::from_raw_mode(0o600);
        Ok(rustix::fs::mknodat(&self.fd, name, kind, mode, device)?)
    }

    pub(super) fn link(&self, name: &OsStr, target: &Parent, to: &OsStr) -> io::Result<()> {
        // Without AT_SYMLINK_FOLLOW a link to a link is a link, not what it points at.
        Ok(rustix::fs::linkat(
            &target.fd,
            to,
            &self.fd,
            name,
            AtFlags::empty(),
        )?)
    }
}

pub(super) fn set_attribute(fd: impl AsFd, name: &str, value: &[u8]) -> io::Result<()> {
    Ok(rustix::fs::fsetxattr(fd, name, value, XattrFlags::empty())?)
}
