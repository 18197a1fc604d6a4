//! A layer's tar as it is read: decompressed, digested and limited on the way.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use towpath_model::{Digest, Hasher};

use super::UnpackErrorKind;
use crate::image::Compression;

/// The decompressed content; remembers its digest.
pub(super) struct Content {
    inner: Box<dyn Read>,
    hasher: Hasher,
    left: u64,
}

impl Content {
    pub(super) fn open(
        path: &Path,
        compression: Compression,
        limit: u64,
    ) -> Result<Self, UnpackErrorKind> {
        let file = File::open(path)
            .map_err(|error| UnpackErrorKind::Io(format!("open {}", path.display()), error))?;
        let file = BufReader::with_capacity(64 * 1024, file);
        let inner: Box<dyn Read> = match compression {
            Compression::None => Box::new(file),
            Compression::Gzip => Box::new(MultiGzDecoder::new(file)),
            // The library refuses windows above 128 MiB, which bounds its memory.
            Compression::Zstd => {
                Box::new(zstd::Decoder::with_buffer(file).map_err(UnpackErrorKind::Archive)?)
            }
        };
        Ok(Self {
            inner,
            hasher: Hasher::new(),
            left: limit,
        })
    }

    /// Reads what follows the archive's end, which belongs to the digest too.
    pub(super) fn digest(mut self) -> io::Result<Digest> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(self.hasher.finish())
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other("it unpacks to more bytes than the limit"))?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}
