use askama::Template;
use towpath_model::Status;
use towpath_pipeline::kept::to_the_minute;

use super::selection::Selected;
use super::{LogQuery, path};
use crate::App;
use crate::api::ApiError;
use crate::log::{Cursor, Found, Window, Windows};
use crate::ui::markup::Badge;

/// The log of one attempt at an action.
#[derive(Template)]
#[template(path = "parts/panel.html")]
pub(super) struct Panel {
    pub(super) selected: Selected,
    lines: Lines,
    search: String,
    found: Option<Found>,
    /// Where the whole log is.
    download: String,
    /// How to get into the sandbox of the failed build, and until when.
    kept: Option<Kept>,
    /// New lines are added at the end as they come.
    pub(super) is_live: bool,
}

struct Kept {
    command: String,
    until: String,
    minute: String,
}

impl Kept {
    fn of(app: &App, selected: &Selected) -> Option<Self> {
        let until = app.kept.until(&selected.run)?;
        let execution = &selected.run.action.execution;
        Some(Self {
            command: format!(
                "towpath exec {} {} {}",
                execution.project,
                execution.number,
                selected.name()
            ),
            until: until.to_string(),
            minute: to_the_minute(until),
        })
    }
}

/// Lines of a log, with links to those before and after.
#[derive(Template)]
#[template(path = "parts/lines.html")]
pub(super) struct Lines {
    pub(super) window: Window,
    /// The page's query, for links to a line.
    link: String,
    /// Where more lines come from.
    source: String,
    earlier: bool,
    later: bool,
    /// The last line is there although more will be written.
    pauses: bool,
    marked: Option<u64>,
}

impl Panel {
    /// Opens the log where it tells most: at the line or the text asked for, at the first error of an action
    /// that failed, else at its end.
    pub(super) async fn open(
        app: &App,
        selected: &Selected,
        query: &LogQuery,
    ) -> Result<Self, ApiError> {
        let windows = Windows::new(app, selected.run.clone(), selected.is_finished());
        let search = query.q.trim().to_owned();
        let found = match &search[..] {
            "" => None,
            text => windows.find(text, query.from.unwrap_or(1)).await?,
        };
        let marked = query.line.or(found.map(|found| found.line));
        let mark = found.is_some().then(|| search.clone());
        let (window, marked) = window(&windows, selected, marked, mark).await?;
        let follows = !selected.is_finished() && window.is_last;
        let mut lines = Lines::new(selected, &search, window);
        lines.later &= !follows;
        lines.marked = marked;
        Ok(Self {
            download: download(selected),
            kept: Kept::of(app, selected),
            selected: selected.clone(),
            is_live: follows,
            lines,
            search,
            found,
        })
    }

    /// Where lines go on that are not in the panel yet.
    pub(super) fn end(&self) -> Cursor {
        self.lines.window.end
    }

    fn badge(&self) -> Badge {
        let interrupted = self.selected.run.attempt < self.selected.latest;
        Badge(if interrupted {
            Status::Cancelled
        } else {
            self.selected.status
        })
    }

    fn name(&self) -> String {
        self.selected.name()
    }

    /// A stage whose action has its name is not named twice.
    fn title(&self) -> String {
        match self.selected.names() {
            (stage, action) if stage == action => action.to_owned(),
            (stage, action) => format!("{stage}/{action}"),
        }
    }

    fn lines_html(&self) -> askama::Result<String> {
        self.lines.render()
    }

    fn is_shown(&self, attempt: &i64) -> bool {
        self.selected.run.attempt == *attempt
    }

    fn not_found(&self) -> bool {
        !self.search.is_empty() && self.found.is_none()
    }
}

impl Selected {
    fn name(&self) -> String {
        format!("{}/{}", self.run.action.stage, self.run.action.action)
    }
}

impl Lines {
    fn new(selected: &Selected, search: &str, window: Window) -> Self {
        let mut link = url::form_urlencoded::Serializer::new(String::new());
        link.append_pair("action", &selected.name());
        if selected.run.attempt < selected.latest {
            link.append_pair("attempt", &selected.run.attempt.to_string());
        }
        if !search.is_empty() {
            link.append_pair("q", search);
        }
        let finished = selected.is_finished();
        Self {
            source: format!("{}/log", path(&selected.run.action.execution)),
            link: link.finish().replace("%2F", "/"),
            earlier: window.start.line > 1,
            later: !window.is_last || !finished,
            pauses: window.is_last && !finished,
            marked: None,
            window,
        }
    }

    /// New lines only, for the end of a panel that follows.
    pub(super) fn appended(selected: &Selected, window: Window) -> Self {
        Self {
            earlier: false,
            later: false,
            ..Self::new(selected, "", window)
        }
    }

    fn is_marked(&self, number: &u64) -> bool {
        self.marked == Some(*number)
    }
}

/// The lines just before `line`.
pub(super) async fn earlier(
    app: &App,
    selected: &Selected,
    search: &str,
    line: u64,
) -> Result<Lines, ApiError> {
    let windows = Windows::new(app, selected.run.clone(), selected.is_finished());
    let window = windows.before(line, mark(search)).await?;
    let mut lines = Lines::new(selected, search, window);
    lines.later = false;
    Ok(lines)
}

/// The lines from `cursor` on.
pub(super) async fn later(
    app: &App,
    selected: &Selected,
    search: &str,
    cursor: Cursor,
) -> Result<Lines, ApiError> {
    let windows = Windows::new(app, selected.run.clone(), selected.is_finished());
    let window = windows.after(cursor, mark(search)).await?;
    let mut lines = Lines::new(selected, search, window);
    lines.earlier = false;
    Ok(lines)
}

fn mark(search: &str) -> Option<String> {
    Some(search.to_owned()).filter(|search| !search.is_empty())
}

async fn window(
    windows: &Windows,
    selected: &Selected,
    line: Option<u64>,
    mark: Option<String>,
) -> Result<(Window, Option<u64>), ApiError> {
    if let Some(line) = line {
        return Ok((windows.around(line, mark).await?, Some(line)));
    }
    if selected.status == Status::Failed
        && selected.run.attempt == selected.latest
        && let Some(error) = windows.first_error().await?
    {
        return Ok((windows.around(error, mark).await?, Some(error)));
    }
    Ok((windows.tail().await?, None))
}

/// Followed, so that it is whole: as long as the action runs, so does the download.
fn download(selected: &Selected) -> String {
    let run = &selected.run;
    let execution = &run.action.execution;
    format!(
        "/api/v1/projects/{}/executions/{}/actions/{}/log?attempt={}&follow=true",
        execution.project,
        execution.number,
        selected.name(),
        run.attempt
    )
}
