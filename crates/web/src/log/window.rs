use std::collections::VecDeque;
use std::ops::ControlFlow;

use towpath_model::ActionRunKey;
use towpath_store::{Logs, StoreError};

use super::follow::blocking;
use super::line::{Line, holds, looks_like_error};
use super::scan::{Cursor, RawLine, each_line};
use crate::App;

/// What one window holds at most; both keep a page below 100 KB.
const LINES: usize = 250;
const BYTES: u64 = 20 * 1024;
/// Lines shown before the one that a page opens at.
const CONTEXT: u64 = 12;

/// Some lines of a log, one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) lines: Vec<Line>,
    pub(crate) start: Cursor,
    /// Where the next window begins.
    pub(crate) end: Cursor,
    /// Nothing follows, as far as is written.
    pub(crate) is_last: bool,
}

/// Where a search leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The first match at or after where the search began, else the first of all.
    pub(crate) line: u64,
    /// Which match that is, from 1.
    pub(crate) index: u64,
    pub(crate) total: u64,
    pub(crate) previous: Option<u64>,
    pub(crate) next: Option<u64>,
}

/// Cuts windows out of the log of one attempt.
#[derive(Clone)]
pub(crate) struct Windows {
    logs: Logs,
    run: ActionRunKey,
    /// The log is complete: its last line counts although it may have no end.
    finished: bool,
}

impl Windows {
    pub(crate) fn new(app: &App, run: ActionRunKey, finished: bool) -> Self {
        Self {
            logs: app.logs.clone(),
            run,
            finished,
        }
    }

    /// The lines from `from` on.
    pub(crate) async fn after(
        &self,
        from: Cursor,
        mark: Option<String>,
    ) -> Result<Window, StoreError> {
        self.cut(from, from.line, u64::MAX, mark).await
    }

    /// The lines around this one, a few before it.
    pub(crate) async fn around(
        &self,
        line: u64,
        mark: Option<String>,
    ) -> Result<Window, StoreError> {
        let first = line.saturating_sub(CONTEXT).max(1);
        self.cut(Cursor::START, first, u64::MAX, mark).await
    }

    /// The lines just before this one.
    pub(crate) async fn before(
        &self,
        line: u64,
        mark: Option<String>,
    ) -> Result<Window, StoreError> {
        let windows = self.clone();
        blocking(move || windows.last_before(line, mark.as_deref())).await
    }

    /// The end of the log.
    pub(crate) async fn tail(&self) -> Result<Window, StoreError> {
        self.before(u64::MAX, None).await
    }

    /// The first line that looks like an error.
    pub(crate) async fn first_error(&self) -> Result<Option<u64>, StoreError> {
        let windows = self.clone();
        blocking(move || {
            let mut found = None;
            windows.scan(Cursor::START, &mut |line| {
                if looks_like_error(&line.content) {
                    found = Some(line.number);
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            })?;
            Ok(found)
        })
        .await
    }

    /// Looks for text, ASCII letters of either case, from a line on.
    pub(crate) async fn find(&self, text: &str, from: u64) -> Result<Option<Found>, StoreError> {
        let (windows, text) = (self.clone(), text.to_ascii_lowercase());
        blocking(move || windows.search(&text, from)).await
    }

    async fn cut(
        &self,
        from: Cursor,
        first: u64,
        until: u64,
        mark: Option<String>,
    ) -> Result<Window, StoreError> {
        let windows = self.clone();
        blocking(move || windows.cut_blocking(from, first, until, mark.as_deref())).await
    }

    fn cut_blocking(
        &self,
        from: Cursor,
        first: u64,
        until: u64,
        mark: Option<&str>,
    ) -> Result<Window, StoreError> {
        let mut lines: Vec<RawLine> = Vec::new();
        let (mut bytes, mut is_last, mut passed) = (0, true, from);
        self.scan(from, &mut |line| {
            if line.number < first {
                passed = line.after();
                return ControlFlow::Continue(());
            }
            if line.number >= until || lines.len() == LINES || bytes > BYTES {
                is_last = false;
                return ControlFlow::Break(());
            }
            bytes += line.content.len() as u64;
            lines.push(line);
            ControlFlow::Continue(())
        })?;
        Ok(window(lines.iter(), passed, is_last, mark))
    }

    fn last_before(&self, until: u64, mark: Option<&str>) -> Result<Window, StoreError> {
        let mut lines: VecDeque<RawLine> = VecDeque::new();
        let (mut bytes, mut is_last) = (0, true);
        self.scan(Cursor::START, &mut |line| {
            if line.number >= until {
                is_last = false;
                return ControlFlow::Break(());
            }
            bytes += line.content.len() as u64;
            lines.push_back(line);
            while lines.len() > LINES || (bytes > BYTES && lines.len() > 1) {
                let dropped = lines.pop_front().map_or(0, |line| line.content.len());
                bytes -= dropped as u64;
            }
            ControlFlow::Continue(())
        })?;
        Ok(window(lines.iter(), Cursor::START, is_last, mark))
    }

    fn search(&self, text: &str, from: u64) -> Result<Option<Found>, StoreError> {
        let mut matches = Matches::new(from);
        self.scan(Cursor::START, &mut |line| {
            if holds(&line.content, text) {
                matches.add(line.number);
            }
            ControlFlow::Continue(())
        })?;
        Ok(matches.found())
    }

    fn scan(
        &self,
        from: Cursor,
        visit: &mut dyn FnMut(RawLine) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        each_line(&self.logs, &self.run, from, self.finished, visit)
    }
}

impl RawLine {
    fn after(&self) -> Cursor {
        Cursor {
            offset: self.end,
            line: self.number + 1,
        }
    }
}

fn window<'a>(
    lines: impl Iterator<Item = &'a RawLine> + Clone,
    nowhere: Cursor,
    is_last: bool,
    mark: Option<&str>,
) -> Window {
    let start = lines.clone().next().map(|line| Cursor {
        offset: line.start,
        line: line.number,
    });
    let end = lines.clone().last().map(RawLine::after);
    Window {
        start: start.unwrap_or(nowhere),
        end: end.unwrap_or(nowhere),
        is_last,
        lines: lines.map(|line| Line::new(line, mark)).collect(),
    }
}

/// Keeps of all matches only what a page shows.
struct Matches {
    from: u64,
    first: Option<u64>,
    before: Option<u64>,
    last: Option<u64>,
    at: Option<(u64, u64)>,
    next: Option<u64>,
    second: Option<u64>,
    total: u64,
}

impl Matches {
    fn new(from: u64) -> Self {
        Self {
            from,
            first: None,
            before: None,
            last: None,
            at: None,
            next: None,
            second: None,
            total: 0,
        }
    }

    fn add(&mut self, line: u64) {
        self.total += 1;
        match self.total {
            1 => self.first = Some(line),
            2 => self.second = Some(line),
            _ => {}
        }
        if self.at.is_none() && line >= self.from {
            self.at = Some((line, self.total));
            self.before = self.last;
        } else if self.at.is_some() && self.next.is_none() {
            self.next = Some(line);
        }
        self.last = Some(line);
    }

    fn found(&self) -> Option<Found> {
        let found = match self.at {
            Some((line, index)) => Found {
                line,
                index,
                total: self.total,
                previous: self.before,
                next: self.next,
            },
            None => Found {
                line: self.first?,
                index: 1,
                total: self.total,
                previous: None,
                next: self.second,
            },
        };
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_goes_on_and_wraps_around() {
        let found = |from| {
            let mut matches = Matches::new(from);
            [3, 7, 9].into_iter().for_each(|line| matches.add(line));
            let found = matches.found().unwrap();
            (found.line, found.index, found.previous, found.next)
        };
        assert_eq!(found(1), (3, 1, None, Some(7)));
        assert_eq!(found(4), (7, 2, Some(3), Some(9)));
        assert_eq!(found(9), (9, 3, Some(7), None));
        assert_eq!(found(10), (3, 1, None, Some(7)));
        assert_eq!(Matches::new(1).found(), None);
    }
}
