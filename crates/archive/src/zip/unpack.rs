use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;

use rustix::io::Errno;

use super::read::{EntryKind, LONGEST_TARGET, Reader};
use crate::beneath::Folder;
use crate::{EntryPath, Error, Exceeded, Limits, Meter, Refusal};

/// What was unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Unpacked {
    /// Files and links.
    pub files: u64,
    pub bytes: u64,
}

/// Unpacks `archive` into the folder `dest`, which is made if it is missing. Modes and links are kept,
/// set-id bits are not. Refused are paths that leave `dest`, writing through a link, devices, an entry that
/// appears twice or is there already, and an archive beyond its [`Limits`]. After an error `dest` holds a
/// part of the archive; it is the caller's to remove.
///
/// A link is made as git makes it, wherever it leads: who reads `dest` goes by [`Folder`], or where what
/// is at the link's end is not ours.
pub fn unpack(archive: &Path, dest: &Path, limits: &Limits) -> Result<Unpacked, Error> {
    let (reader, size) = open(archive)?;
    unpack_reader(reader, size, dest, limits, Existing::Refuse)
}

/// [`unpack`] over what is in `dest` already: files and links give way to those of the archive. A folder
/// does not give way to a file, nor a file to a folder, and a link to a folder is not followed.
pub fn unpack_over(archive: &Path, dest: &Path, limits: &Limits) -> Result<Unpacked, Error> {
    let (reader, size) = open(archive)?;
    unpack_reader(reader, size, dest, limits, Existing::Replace)
}

/// [`unpack`] from any reader; `size` is the archive's in bytes.
pub fn unpack_from<R: Read + Seek>(
    archive: R,
    size: u64,
    dest: &Path,
    limits: &Limits,
) -> Result<Unpacked, Error> {
    unpack_reader(archive, size, dest, limits, Existing::Refuse)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    Refuse,
    Replace,
}

fn open(archive: &Path) -> Result<(BufReader<File>, u64), Error> {
    let file = File::open(archive).map_err(Error::io("open", archive))?;
    let size = file.metadata().map_err(Error::io("read", archive))?.len();
    Ok((BufReader::new(file), size))
}

fn unpack_reader<R: Read + Seek>(
    archive: R,
    size: u64,
    dest: &Path,
    limits: &Limits,
    existing: Existing,
) -> Result<Unpacked, Error> {
    std::fs::create_dir_all(dest).map_err(Error::io("create", dest))?;
    let folder = Folder::open(dest).map_err(Error::io("open", dest))?;
    let mut reader = Reader::new(archive)?;
    if reader.len() as u64 > limits.files {
        return Err(Exceeded::Files(limits.files).into());
    }
    let mut unpacking = Unpacking {
        folder,
        existing,
        meter: Meter::new(*limits, size),
        seen: HashSet::new(),
        unpacked: Unpacked::default(),
    };
    for index in 0..reader.len() {
        unpacking.entry(&mut reader, index)?;
    }
    Ok(unpacking.unpacked)
}

struct Unpacking {
    folder: Folder,
    existing: Existing,
    meter: Meter,
    /// Files and links so far.
    seen: HashSet<EntryPath>,
    unpacked: Unpacked,
}

impl Unpacking {
    fn entry<R: Read + Seek>(&mut self, reader: &mut Reader<R>, index: usize) -> Result<(), Error> {
        let Some(entry) = reader.entry(index)? else {
            return Ok(());
        };
        let path = &entry.path;
        match entry.kind {
            EntryKind::Folder => self.folders(path, path),
            EntryKind::File { mode, .. } => {
                self.make_way(path)?;
                self.file(reader, index, path, mode)
            }
            EntryKind::Link => {
                self.make_way(path)?;
                let target = reader.content(index, path, LONGEST_TARGET)?;
                self.link(path, &target)
            }
        }
    }

    /// Makes the folders above a file or link, and its place free if that is allowed.
    fn make_way(&mut self, path: &EntryPath) -> Result<(), Error> {
        self.meter.add_files(1)?;
        if !self.seen.insert(path.clone()) {
            return Err(Error::entry(path, Refusal::Duplicate));
        }
        self.unpacked.files += 1;
        if let Some(parent) = path.parent() {
            self.folders(&parent, path)?;
        }
        if self.existing == Existing::Refuse {
            return Ok(());
        }
        match self.folder.remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.refused(path, error)),
            _ => Ok(()),
        }
    }

    fn folders(&mut self, folder: &EntryPath, path: &EntryPath) -> Result<(), Error> {
        let created = self
            .folder
            .create_dir_all(folder)
            .map_err(|error| self.refused(path, error))?;
        Ok(self.meter.add_files(created)?)
    }

    fn file<R: Read + Seek>(
        &mut self,
        reader: &mut Reader<R>,
        index: usize,
        path: &EntryPath,
        mode: u32,
    ) -> Result<(), Error> {
        // Whoever unpacked a file can read it, whatever the archive says.
        let created = self.folder.create_file(path, mode | 0o400);
        let mut file = created.map_err(|error| self.refused(path, error))?;
        let full_path = self.folder.path().join(path.as_path());
        reader.stream(index, path, |piece| {
            self.meter.add_bytes(piece.len() as u64)?;
            self.unpacked.bytes += piece.len() as u64;
            file.write_all(piece)
                .map_err(Error::io("write", &full_path))
        })
    }

    fn link(&mut self, path: &EntryPath, target: &[u8]) -> Result<(), Error> {
        if target.is_empty() || target.contains(&0) {
            return Err(Error::entry(path, Refusal::NoTarget));
        }
        self.folder
            .symlink(path, target)
            .map_err(|error| self.refused(path, error))
    }

    /// Tells what the archive did wrong from what went wrong on the disk.
    fn refused(&self, path: &EntryPath, error: io::Error) -> Error {
        match Errno::from_io_error(&error) {
            Some(Errno::LOOP) => Error::entry(path, Refusal::ThroughLink),
            Some(Errno::NOTDIR) => Error::entry(path, Refusal::UnderFile),
            Some(Errno::EXIST | Errno::ISDIR) => Error::entry(path, Refusal::Exists),
            _ => Error::io("create", &self.folder.path().join(path.as_path()))(error),
        }
    }
}
