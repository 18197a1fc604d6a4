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
        match self.open_folder(path.as_path()) {
            Ok(_) => return Ok(0),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let mut created = 0;
        let mut at = self.open_folder(Path::new("."))?;
        for component in path.components() {
            let name = Path::new(OsStr::from_bytes(component));
            match fs::mkdirat(&at, name, Mode::from_raw_mode(0o755)) {
                Ok(()) => created += 1,
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            at = open_in(
                &at,
                name,
                OFlags::PATH | OFlags::DIRECTORY,
                ResolveFlags::NO_SYMLINKS,
            )?;
        }
        Ok(created)
    }

    /// Makes a symbolic link, wherever it leads.
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
        let mut rest = vec![(path.clone(), false)];
        while let Some((path, emptied)) = rest.pop() {
            match self.kind(&path)? {
                None => {}
                Some(Kind::Folder) if emptied => {
                    let (parent, name) = self.parent(&path)?;
                    fs::unlinkat(parent, &*name, AtFlags::REMOVEDIR)?;
                }
                Some(Kind::Folder) => {
                    let entries = self.read_dir(Some(&path))?;
                    rest.push((path.clone(), true));
                    for (name, _) in entries {
                        let inside = name.within(Some(&path)).map_err(io::Error::other)?;
                        rest.push((inside, false));
                    }
                }
                Some(_) => self.remove_file(&path)?,
            }
        }
        Ok(())
    }

    /// The names in a folder (none: the top) with their kinds, sorted.
    pub fn read_dir(&self, path: Option<&EntryPath>) -> io::Result<Vec<(EntryPath, Kind)>> {
        let at = path.map_or(Path::new("."), EntryPath::as_path);
        let fd = open_in(
            &self.fd,
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
        let fd = open_in(
            &self.fd,
            path.as_path(),
            OFlags::RDONLY | OFlags::NONBLOCK,
            links,
        )?;
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
        Ok((self.open_folder(at)?, PathBuf::from(&path.file_name())))
    }

    fn open_folder(&self, path: &Path) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        open_in(&self.fd, path, flags, ResolveFlags::NO_SYMLINKS)
    }
}

fn open_in(
    folder: &OwnedFd,
    path: &Path,
    flags: OFlags,
    links: ResolveFlags,
) -> rustix::io::Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | links;
    let open = || {
        fs::openat2(
            folder,
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
