use std::io::{self, Read, Seek, Write};

use ::zip::write::FileOptions;
use ::zip::{CompressionMethod, DateTime, System, ZipWriter};

use crate::{EntryPath, Error, Refusal};

/// An artifact is written once and read once or twice: time counts more than size.
const LEVEL: i64 = 1;
/// Above this size of a file the archive must be a zip64. The margin is for content that deflate makes larger.
const ZIP64_FROM: u64 = (u32::MAX as u64) - (16 << 20);
const LINK: u32 = 0o120_777;
const FOLDER: u32 = 0o040_755;

/// Writes a zip entry by entry. The bytes depend on nothing but the entries and their order: every time
/// stamp is 1980-01-01, of the modes the permission bits are kept.
pub struct Writer<W: Write + Seek> {
    zip: ZipWriter<W>,
}

impl<W: Write + Seek> Writer<W> {
    pub fn new(sink: W) -> Self {
        Self {
            zip: ZipWriter::new(sink),
        }
    }

    /// Adds a file of exactly `size` bytes. The same path twice is an error.
    pub fn file(
        &mut self,
        path: &EntryPath,
        mode: u32,
        size: u64,
        content: &mut impl Read,
    ) -> Result<(), Error> {
        let options = options()
            .unix_permissions(mode & 0o777)
            .large_file(size >= ZIP64_FROM)
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL))
            .name(path.as_bytes());
        self.start(path, options)?;
        let copied = io::copy(&mut content.take(size.saturating_add(1)), &mut self.zip)
            .map_err(Error::io("write to the archive", path.as_path()))?;
        if copied != size {
            return Err(Error::entry(path, Refusal::Changed));
        }
        Ok(())
    }

    /// Adds a symbolic link.
    pub fn link(&mut self, path: &EntryPath, target: &[u8]) -> Result<(), Error> {
        let options = options()
            .external_attributes(LINK << 16)
            .compression_method(CompressionMethod::Stored)
            .name(path.as_bytes());
        self.start(path, options)?;
        self.zip
            .write_all(target)
            .map_err(Error::io("write to the archive", path.as_path()))
    }

    /// Adds an empty folder. Folders of files need none.
    pub fn folder(&mut self, path: &EntryPath) -> Result<(), Error> {
        let name = [path.as_bytes(), b"/"].concat();
        let options = options()
            .external_attributes(FOLDER << 16)
            .compression_method(CompressionMethod::Stored)
            .name(&name);
        self.start(path, options)
    }

    /// Writes the directory of the archive and gives the sink back.
    pub fn finish(self) -> Result<W, Error> {
        Ok(self.zip.finish()?)
    }

    fn start(&mut self, path: &EntryPath, options: FileOptions<'_, '_, ()>) -> Result<(), Error> {
        self.zip
            .start_file_with_options(options)
            .map_err(|error| Error::entry(path, Refusal::Damaged(error.to_string())))
    }
}

fn options<'name>() -> FileOptions<'static, 'name, ()> {
    FileOptions::default()
        .system(System::Unix)
        .last_modified_time(DateTime::DEFAULT)
}
