use std::ops::ControlFlow;

use towpath_model::ActionRunKey;
use towpath_store::{Logs, StoreError};

/// Bytes of one line that are kept; the rest is only counted.
const KEPT: usize = 4096;
const BLOCK: usize = 256 * 1024;

/// Where a line begins in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) offset: u64,
    /// From 1.
    pub(crate) line: u64,
}

impl Cursor {
    pub(crate) const START: Self = Self { offset: 0, line: 1 };
}

/// A line as it is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawLine {
    pub(crate) number: u64,
    pub(crate) start: u64,
    /// Where the next line begins.
    pub(crate) end: u64,
    /// Without the line's end; only the beginning of a long line.
    pub(crate) content: Vec<u8>,
    /// Bytes of the whole line, without its end.
    pub(crate) length: u64,
}

/// Calls `visit` for each line from `from` on. The last line, when it has no end yet, counts only with
/// `unfinished`. Memory does not grow with the log or its lines.
pub(super) fn each_line(
    logs: &Logs,
    run: &ActionRunKey,
    from: Cursor,
    unfinished: bool,
    visit: &mut dyn FnMut(RawLine) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let mut line = empty(from);
    let mut offset = from.offset;
    loop {
        let chunk = logs.read(run, offset, BLOCK)?;
        if chunk.content.is_empty() {
            break;
        }
        offset = chunk.next;
        for piece in chunk.content.split_inclusive(|byte| *byte == b'\n') {
            let Some(ended) = line.take(piece) else {
                continue;
            };
            if visit(ended).is_break() {
                return Ok(());
            }
        }
    }
    if unfinished && line.length > 0 {
        // The last line: nobody asks for more.
        let _ = visit(line);
    }
    Ok(())
}

fn empty(at: Cursor) -> RawLine {
    RawLine {
        number: at.line,
        start: at.offset,
        end: at.offset,
        content: Vec::new(),
        length: 0,
    }
}

impl RawLine {
    /// Adds a piece, which may end in a newline: then gives the line and becomes the next one.
    fn take(&mut self, piece: &[u8]) -> Option<RawLine> {
        self.end += piece.len() as u64;
        let (text, ends) = match piece.strip_suffix(b"\n") {
            Some(text) => (text, true),
            None => (piece, false),
        };
        let room = KEPT.saturating_sub(self.content.len());
        self.content
            .extend_from_slice(&text[..text.len().min(room)]);
        self.length += text.len() as u64;
        if !ends {
            return None;
        }
        let next = empty(Cursor {
            offset: self.end,
            line: self.number + 1,
        });
        Some(std::mem::replace(self, next))
    }
}
