use std::io::{self, Write};

use tokio::runtime::Handle;
use towpath_model::{Artifact, Hasher};
use towpath_store::{BlobWriter, Blobs, StoreError};

/// How much is gathered before the runtime is troubled.
const PIECE: usize = 128 * 1024;

/// A blob writer for code that cannot wait: it runs on a thread where blocking is fine.
pub(super) struct BlobSink {
    writer: BlobWriter,
    buffer: Vec<u8>,
    runtime: Handle,
}

impl BlobSink {
    pub(super) fn new(blobs: &Blobs, runtime: Handle) -> Self {
        Self {
            writer: blobs.writer(),
            buffer: Vec::with_capacity(PIECE),
            runtime,
        }
    }

    pub(super) fn finish(mut self) -> Result<Artifact, StoreError> {
        self.send()?;
        self.runtime.block_on(self.writer.finish(None))
    }

    fn send(&mut self) -> Result<(), StoreError> {
        self.runtime.block_on(self.writer.write(&self.buffer))?;
        self.buffer.clear();
        Ok(())
    }
}

impl Write for BlobSink {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(content);
        if self.buffer.len() >= PIECE {
            self.send().map_err(io::Error::other)?;
        }
        Ok(content.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Digests what passes through.
pub(super) struct Digesting<W> {
    inner: W,
    hasher: Hasher,
}

impl<W> Digesting<W> {
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Hasher::new(),
        }
    }

    pub(super) fn into_parts(self) -> (W, Hasher) {
        (self.inner, self.hasher)
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(content)?;
        self.hasher.update(&content[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
