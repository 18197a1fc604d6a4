//! Reading and writing beneath one folder, and nowhere else.
//!
//! The kernel does the checking (openat2(2) with `RESOLVE_BENEATH`), so that it also holds while somebody
//! else changes the folder. Needs Linux 5.6.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::EntryPath;

/// How often a look-up is repeated that lost a race with a rename (openat2(2), EAGAIN).
const ATTEMPTS: usize = 16;

/// A folder within which everything happens. No operation follows a symbolic link unless it says so;
/// a link on the way is the error `ELOOP`.
pub struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File {
        mode: u32,
        size: u64,
    },
    Folder,
    Link,
    /// A device, pipe or socket.
    Special,
}

impl Folder {
    /// Opens the folder itself, by a path that the caller trusts.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = fs::open(path, flags, Mode::empty())?;
        Ok(Self {
            fd,
            path: path.to_owned(),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is at `path`; `None` when nothing is.
    pub fn kind(&self, path: &EntryPath) -> io::Result<Option<Kind>> {
        let (parent, name) = match self.parent(path) {
            Ok(found) => found,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        match fs::statat(&parent, &*name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(kind_of(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a regular file for reading. Anything else is an error, and opening it does not block.
    pub fn open_file(&self, path: &EntryPath) -> io::Result<File> {
        self.open_regular(path, ResolveFlags::NO_SYMLINKS)
    }

    /// [`Self::open_file`] that follows links as long as they stay in the folder.
    pub fn open_file_following(&self, path: &EntryPath) -> io::Result<File> {
        self.open_regular(path, ResolveFlags::empty())
    }

    /// Makes a new file for writing with exactly this mode (permission bits only). Its folder must be
    /// there, and nothing at the path.
    pub fn create_file(&self, path: &EntryPath, mode: u32) -> io::Result<File> {
        let (parent, name) = self.parent(path)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = fs::openat(parent, &*name, flags, Mode::RUSR | Mode::WUSR)?;
        fs::fchmod(&fd, Mode::from_raw_mode(mode & 0o777))?;
        Ok(File::from(fd))
    }

    /// Makes the folder and those above it, as far as they are missing, and says how many that were.
    pub fn create_dir_all(&self, path: &EntryPath) -> io::Result<u64> {
        match self.open_at(
            path.as_path(),
            OFlags::PATH | OFlags::DIRECTORY,
            ResolveFlags::NO_SYMLINKS,
        ) {
            Ok(_) => return Ok(0),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let above = path
            .parent()
            .map_or(Ok(0), |parent| self.create_dir_all(&parent))?;
        let (parent, name) = self.parent(path)?;
        match fs::mkdirat(&parent, &*name, Mode::from_raw_mode(0o755)) {
            Ok(()) => Ok(above + 1),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a symbolic link. Whether its target is acceptable is the caller's to decide; see
    /// [`crate::target_stays_inside`].
    pub fn symlink(&self, path: &EntryPath, target: &[u8]) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        Ok(fs::symlinkat(OsStr::from_bytes(target), parent, &*name)?)
    }

    /// Makes `path` a second name of the file `existing`.
    pub fn hard_link(&self, existing: &EntryPath, path: &EntryPath) -> io::Result<()> {
        let (from, from_name) = self.parent(existing)?;
        let (to, to_name) = self.parent(path)?;
        Ok(fs::linkat(
            from,
            &*from_name,
            to,
            &*to_name,
            AtFlags::empty(),
        )?)
    }

    pub fn read_link(&self, path: &EntryPath) -> io::Result<Vec<u8>> {
        let (parent, name) = self.parent(path)?;
        Ok(fs::readlinkat(parent, &*name, Vec::new())?.into_bytes())
    }

    /// Removes a file or a link, not a folder.
    pub fn remove_file(&self, path: &EntryPath) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        Ok(fs::unlinkat(parent, &*name, AtFlags::empty())?)
    }

    /// Removes what is at the path, a folder with everything in it. Nothing there is no error.
    pub fn remove_all(&self, path: &EntryPath) -> io::Result<()> {
        match self.kind(path)? {
            None => return Ok(()),
            Some(Kind::Folder) => {}
            Some(_) => return self.remove_file(path),
        }
        for (name, _) in self.read_dir(Some(path))? {
            self.remove_all(&name.within(Some(path)).map_err(io::Error::other)?)?;
        }
        let (parent, name) = self.parent(path)?;
        Ok(fs::unlinkat(parent, &*name, AtFlags::REMOVEDIR)?)
    }

    /// The names in a folder (none: the top) with their kinds, sorted.
    pub fn read_dir(&self, path: Option<&EntryPath>) -> io::Result<Vec<(EntryPath, Kind)>> {
        let at = path.map_or(Path::new("."), EntryPath::as_path);
        let fd = self.open_at(
            at,
            OFlags::RDONLY | OFlags::DIRECTORY,
            ResolveFlags::NO_SYMLINKS,
        )?;
        let mut entries = Vec::new();
        for entry in Dir::read_from(&fd)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if name == b"." || name == b".." {
                continue;
            }
            match fs::statat(&fd, OsStr::from_bytes(&name), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => {
                    let name = EntryPath::parse(&name).map_err(io::Error::other)?;
                    entries.push((name, kind_of(&stat)));
                }
                // Removed since it was listed.
                Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(entries)
    }

    fn open_regular(&self, path: &EntryPath, links: ResolveFlags) -> io::Result<File> {
        // Opening a pipe would wait for its other end.
        let fd = self.open_at(path.as_path(), OFlags::RDONLY | OFlags::NONBLOCK, links)?;
        let stat = fs::fstat(&fd)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        Ok(File::from(fd))
    }

    /// The folder that holds `path`, and its name there.
    fn parent(&self, path: &EntryPath) -> rustix::io::Result<(OwnedFd, PathBuf)> {
        let parent = path.parent();
        let at = parent.as_ref().map_or(Path::new("."), EntryPath::as_path);
        let fd = self.open_at(
            at,
            OFlags::PATH | OFlags::DIRECTORY,
            ResolveFlags::NO_SYMLINKS,
        )?;
        Ok((fd, PathBuf::from(&path.file_name())))
    }

    fn open_at(
        &self,
        path: &Path,
        flags: OFlags,
        links: ResolveFlags,
    ) -> rustix::io::Result<OwnedFd> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | links;
        let open = || {
            fs::openat2(
                &self.fd,
                path,
                flags | OFlags::CLOEXEC,
                Mode::empty(),
                resolve,
            )
        };
        let mut result = open();
        for _ in 1..ATTEMPTS {
            if !matches!(result, Err(Errno::AGAIN | Errno::INTR)) {
                break;
            }
            result = open();
        }
        result
    }
}

fn kind_of(stat: &fs::Stat) -> Kind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File {
            mode: stat.st_mode & 0o7777,
            size: u64::try_from(stat.st_size).unwrap_or(0),
        },
        FileType::Directory => Kind::Folder,
        FileType::Symlink => Kind::Link,
        _ => Kind::Special,
    }
}
