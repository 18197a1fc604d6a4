use std::collections::VecDeque;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use tokio::sync::watch;

use crate::local::LogChunk;

/// Bytes of one file of a log, and how many files are kept: a container's log takes at most 12 MiB.
const SEGMENT: u64 = 4 << 20;
const SEGMENTS: usize = 3;
/// How much of a line is kept as a container's last words.
const LONGEST_LINE: usize = 300;

/// The log of one container over all of its runs. The oldest part is dropped when it grows too long;
/// offsets go on counting.
pub(in crate::local) struct LogRing {
    folder: PathBuf,
    written: Mutex<Written>,
    end: watch::Sender<u64>,
}

#[derive(Default)]
struct Written {
    /// Where each file begins; its name is this number.
    segments: VecDeque<u64>,
    file: Option<fs::File>,
    end: u64,
    line: Vec<u8>,
    last_line: Option<String>,
}

impl LogRing {
    pub(in crate::local) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            written: Mutex::default(),
            end: watch::Sender::new(0),
        }
    }

    pub(super) fn append(&self, content: &[u8]) -> io::Result<()> {
        let mut written = self.written();
        written.remember_line(content);
        let full = |end: u64, start: Option<&u64>| start.is_none_or(|start| end - start >= SEGMENT);
        if written.file.is_none() || full(written.end, written.segments.back()) {
            self.begin_segment(&mut written)?;
        }
        if let Some(file) = &mut written.file {
            file.write_all(content)?;
        }
        written.end += content.len() as u64;
        self.end.send_replace(written.end);
        Ok(())
    }

    /// The last line that is not empty, and forgets it.
    pub(super) fn take_last_line(&self) -> Option<String> {
        let mut written = self.written();
        let unfinished = std::mem::take(&mut written.line);
        written.keep_line(&unfinished);
        written.last_line.take()
    }

    /// At most `limit` bytes from `offset` on.
    pub(in crate::local) fn read(&self, offset: u64, limit: usize) -> io::Result<LogChunk> {
        let written = self.written();
        let oldest = written.segments.front().copied().unwrap_or(0);
        let offset = offset.clamp(oldest, written.end.max(oldest));
        let content = match written
            .segments
            .iter()
            .rev()
            .find(|start| **start <= offset)
        {
            Some(start) if offset < written.end => {
                read_at(&self.path(*start), offset - start, limit)?
            }
            _ => Vec::new(),
        };
        Ok(LogChunk {
            offset,
            next: offset + content.len() as u64,
            content,
        })
    }

    /// Waits until it is longer than `offset`.
    pub(in crate::local) async fn grew(&self, offset: u64) {
        // The sender lives as long as `self`.
        drop(self.end.subscribe().wait_for(|end| *end > offset).await);
    }

    fn begin_segment(&self, written: &mut Written) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        written.file = Some(fs::File::create(self.path(written.end))?);
        written.segments.push_back(written.end);
        while written.segments.len() > SEGMENTS
            && let Some(oldest) = written.segments.pop_front()
        {
            fs::remove_file(self.path(oldest))?;
        }
        Ok(())
    }

    fn path(&self, start: u64) -> PathBuf {
        self.folder.join(format!("{start}.log"))
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Written {
    fn remember_line(&mut self, content: &[u8]) {
        for piece in content.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST_LINE.saturating_sub(self.line.len());
            self.line.extend(piece.iter().take(room));
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.keep_line(&line);
            }
        }
    }

    fn keep_line(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
        if !text.is_empty() {
            self.last_line = Some(text);
        }
    }
}

fn read_at(path: &Path, offset: u64, limit: usize) -> io::Result<Vec<u8>> {
    let mut file = fs::File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut content = Vec::new();
    file.take(limit as u64).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> (tempfile::TempDir, LogRing) {
        let folder = tempfile::tempdir().unwrap();
        let ring = LogRing::new(folder.path().join("web"));
        (folder, ring)
    }

    #[test]
    fn what_is_appended_can_be_read_from_any_offset() {
        let (_folder, ring) = ring();
        assert_eq!(ring.read(0, 10).unwrap().content, b"");
        ring.append(b"one\ntw").unwrap();
        ring.append(b"o\n").unwrap();
        assert_eq!(ring.read(0, 100).unwrap().content, b"one\ntwo\n");
        let chunk = ring.read(4, 2).unwrap();
        assert_eq!(
            (chunk.offset, chunk.content.as_slice(), chunk.next),
            (4, b"tw".as_slice(), 6)
        );
        assert_eq!(ring.read(99, 2).unwrap().next, 8);
    }

    #[test]
    fn a_long_log_loses_its_beginning() {
        let (_folder, ring) = ring();
        let block = vec![b'x'; 1 << 20];
        for _ in 0..20 {
            ring.append(&block).unwrap();
        }
        let chunk = ring.read(0, 1).unwrap();
        assert_eq!((chunk.offset, chunk.content.len()), (8 << 20, 1));
        assert_eq!(fs::read_dir(&ring.folder).unwrap().count(), SEGMENTS);
    }

    #[test]
    fn the_last_words_are_the_last_line_that_says_something() {
        let (_folder, ring) = ring();
        ring.append(b"first\nno data").unwrap();
        ring.append(b"base\n\n  \n").unwrap();
        assert_eq!(ring.take_last_line().as_deref(), Some("no database"));
        assert_eq!(ring.take_last_line(), None);
        ring.append(b"without an end").unwrap();
        assert_eq!(ring.take_last_line().as_deref(), Some("without an end"));
    }
}
