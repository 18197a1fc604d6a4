use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use ::zip::ZipArchive;

use crate::entry_path::printable;
use crate::{EntryPath, Error, Exceeded, Refusal, link};

/// As many links as [`Reader::read`] follows.
const LONGEST_CHAIN: usize = 8;
/// Linux's PATH_MAX.
pub(super) const LONGEST_TARGET: u64 = 4096;

/// One entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub path: EntryPath,
    pub kind: EntryKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Permission bits; size in bytes as the archive claims it.
    File {
        mode: u32,
        size: u64,
    },
    Folder,
    Link,
}

/// An open archive.
pub struct Reader<R> {
    zip: ZipArchive<R>,
    /// For content on its way, kept for the next entry.
    buffer: Vec<u8>,
}

impl Reader<BufReader<File>> {
    /// Opens a file; its content is read when it is asked for.
    pub fn open(archive: &Path) -> Result<Self, Error> {
        let file = File::open(archive).map_err(Error::io("open", archive))?;
        Self::new(BufReader::new(file))
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Reads the archive's directory and keeps it in memory: a few times its size in the archive.
    pub fn new(archive: R) -> Result<Self, Error> {
        let zip = ZipArchive::new(archive)?;
        if zip.has_duplicate_names() {
            return Err(Error::Format("an entry appears twice".to_owned()));
        }
        Ok(Self {
            zip,
            buffer: vec![0; 64 << 10],
        })
    }

    /// All entries, in the archive's order. A top folder (`./`) is left out.
    pub fn entries(&self) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for index in 0..self.zip.len() {
            entries.extend(self.entry(index)?);
        }
        Ok(entries)
    }

    /// Reads a file, at most `limit` bytes of it: a larger one is an error. Links are followed within the
    /// archive. `None` when there is no such file.
    pub fn read(&mut self, path: &EntryPath, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let mut at = path.clone();
        for _ in 0..=LONGEST_CHAIN {
            let Some(index) = self.zip.index_for_name_raw(at.as_bytes()) else {
                return Ok(None);
            };
            match self.entry(index)?.map(|entry| entry.kind) {
                Some(EntryKind::File { .. }) => return self.content(index, &at, limit).map(Some),
                Some(EntryKind::Link) => {
                    let target = self.content(index, &at, LONGEST_TARGET)?;
                    at = link::resolve(&at, &target)
                        .flatten()
                        .ok_or_else(|| Error::entry(&at, link_leaves(&target)))?;
                }
                Some(EntryKind::Folder) | None => return Err(Error::entry(at, Refusal::Folder)),
            }
        }
        Err(Error::entry(path, Refusal::LinkNowhere))
    }

    pub(super) fn len(&self) -> usize {
        self.zip.len()
    }

    /// `None` for the archive's top folder.
    pub(super) fn entry(&self, index: usize) -> Result<Option<Entry>, Error> {
        let file = self.zip.by_index_data(index)?;
        let name = file.name_raw();
        let refused = |reason| Error::entry(printable(name), reason);
        let kind = kind(name, file.unix_mode(), file.size()).map_err(refused)?;
        match EntryPath::parse(name) {
            Ok(path) => Ok(Some(Entry { path, kind })),
            Err(Refusal::Empty) if kind == EntryKind::Folder => Ok(None),
            Err(reason) => Err(refused(reason)),
        }
    }

    /// Passes an entry's content on in pieces.
    pub(super) fn stream(
        &mut self,
        index: usize,
        path: &EntryPath,
        mut sink: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let damaged = |text: String| Error::entry(path, Refusal::Damaged(text));
        let mut content = self
            .zip
            .by_index(index)
            .map_err(|e| damaged(e.to_string()))?;
        loop {
            let count = content
                .read(&mut self.buffer)
                .map_err(|e| damaged(e.to_string()))?;
            if count == 0 {
                return Ok(());
            }
            sink(&self.buffer[..count])?;
        }
    }

    pub(super) fn content(
        &mut self,
        index: usize,
        path: &EntryPath,
        limit: u64,
    ) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        self.stream(index, path, |piece| {
            if (bytes.len() + piece.len()) as u64 > limit {
                return Err(Exceeded::Bytes(limit).into());
            }
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(bytes)
    }
}

/// Lists an archive.
pub fn list(archive: &Path) -> Result<Vec<Entry>, Error> {
    Reader::open(archive)?.entries()
}

/// Reads one file of an archive; see [`Reader::read`].
pub fn read_file(archive: &Path, path: &EntryPath, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    Reader::open(archive)?.read(path, limit)
}

pub(super) fn link_leaves(target: &[u8]) -> Refusal {
    Refusal::LinkLeaves(printable(target))
}

fn kind(name: &[u8], mode: Option<u32>, size: u64) -> Result<EntryKind, Refusal> {
    let folder = name.ends_with(b"/");
    let mode = mode.unwrap_or(0);
    match (mode & 0o170_000, folder) {
        (0 | 0o040_000, true) => Ok(EntryKind::Folder),
        // Some writers mark folders by the closing slash alone and give every entry a file's mode.
        (0o100_000, true) if size == 0 => Ok(EntryKind::Folder),
        (0, false) => Ok(EntryKind::File { mode: 0o644, size }),
        (0o100_000, false) => Ok(EntryKind::File {
            mode: mode & 0o777,
            size,
        }),
        (0o120_000, false) => Ok(EntryKind::Link),
        _ => Err(Refusal::Special),
    }
}
