use std::collections::VecDeque;

use k8s_openapi::jiff::Timestamp;

use crate::cluster::LogChunk;

/// So much of a log is kept.
const KEPT: usize = 1 << 20;
/// A line that is longer is taken in before its end.
const LONGEST_LINE: usize = 256 << 10;

/// The last bytes of a log, as it comes from the server with a timestamp before each line. What comes twice
/// is kept once.
#[derive(Default)]
pub(super) struct LogLines {
    start: u64,
    bytes: VecDeque<u8>,
    /// A line whose end has not come yet.
    line: Vec<u8>,
    /// Of the last line that is kept.
    last: Option<Timestamp>,
}

impl LogLines {
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.last
    }

    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// Takes in what came. `known` is the time up to which lines are kept already: a resumed log begins with
    /// the whole second of its last line.
    pub(super) fn push(&mut self, chunk: &[u8], known: Option<Timestamp>) {
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") || self.line.len() > LONGEST_LINE {
                self.take_line(known);
            }
        }
    }

    /// A line that was cut comes again when the log is resumed.
    pub(super) fn cut(&mut self) {
        self.line.clear();
    }

    fn take_line(&mut self, known: Option<Timestamp>) {
        let line = std::mem::take(&mut self.line);
        let (time, text) = stamped(&line);
        if let (Some(time), Some(known)) = (time, known)
            && time <= known
        {
            return;
        }
        self.last = time.or(self.last);
        self.bytes.extend(text);
        let over = self.bytes.len().saturating_sub(KEPT);
        self.bytes.drain(..over);
        self.start += over as u64;
    }

    /// An offset beyond the end is of an earlier following, and means the beginning.
    pub(super) fn read(&self, offset: u64, limit: usize) -> LogChunk {
        let offset = match offset > self.end() {
            true => self.start,
            false => offset.max(self.start),
        };
        let skip = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        let content: Vec<u8> = self.bytes.iter().skip(skip).take(limit).copied().collect();
        LogChunk {
            offset,
            next: offset + content.len() as u64,
            content,
        }
    }
}

/// `2026-01-02T03:04:05.123456789Z text`.
fn stamped(line: &[u8]) -> (Option<Timestamp>, &[u8]) {
    let Some(space) = line.iter().take(64).position(|byte| *byte == b' ') else {
        return (None, line);
    };
    let time = std::str::from_utf8(&line[..space])
        .ok()
        .and_then(|time| time.parse().ok());
    match time {
        Some(time) => (Some(time), &line[space + 1..]),
        None => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &LogLines, offset: u64) -> String {
        String::from_utf8(lines.read(offset, usize::MAX).content).unwrap()
    }

    #[test]
    fn timestamps_go_and_what_comes_twice_is_kept_once() {
        let mut lines = LogLines::default();
        lines.push(b"2026-01-02T03:04:05.1Z one\n2026-01-02T03:0", None);
        lines.push(b"4:05.2Z two\n2026-01-02T03:04:05.3Z half a li", None);
        assert_eq!(text(&lines, 0), "one\ntwo\n");
        lines.cut();
        let known = lines.last();
        lines.push(
            b"2026-01-02T03:04:05.1Z one\n2026-01-02T03:04:05.2Z two\n2026-01-02T03:04:05.3Z three\n",
            known,
        );
        assert_eq!(text(&lines, 4), "two\nthree\n");
        assert_eq!(lines.end(), 14);
    }

    #[test]
    fn offsets_that_are_not_there_are_moved_to_what_is() {
        let mut lines = LogLines::default();
        let line = [b"2026-01-02T03:04:05Z ".as_slice(), &[b'x'; 99], b"\n"].concat();
        for _ in 0..KEPT / 100 + 5 {
            lines.push(&line, None);
        }
        assert!(lines.start > 0);
        assert_eq!(lines.read(0, 10).offset, lines.start);
        assert_eq!(lines.read(lines.end(), 10).content, b"");
        assert_eq!(lines.read(u64::MAX, 10).offset, lines.start);
        assert_eq!(text(&LogLines::default(), 7), "");
    }

    #[test]
    fn a_line_without_an_end_is_bounded() {
        let mut lines = LogLines::default();
        lines.push(&vec![b'x'; 3 * LONGEST_LINE], None);
        assert!(lines.end() > 0 && lines.line.len() <= LONGEST_LINE);
    }
}
