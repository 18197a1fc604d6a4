use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use towpath_model::{ExecutionKey, ExecutionNumber, ProjectName, Status, Timestamp};
use towpath_pipeline::view::ExecutionView;
use towpath_store::Change;

use super::panel::{Lines, Panel};
use super::parts::Parts;
use super::selection::{Selected, select};
use super::{LogQuery, path};
use crate::api::ApiError;
use crate::log::{Cursor, Windows};
use crate::ui::page::{PageError, Path, Query, Viewer, text};
use crate::{App, clock::now, query};

/// Looks again although nothing said so: signals may be lost.
const TICK: Duration = Duration::from_secs(2);
/// How soon an action is looked at that runs and has no log yet.
const SOON: Duration = Duration::from_millis(150);
/// Lines come together that are written at nearly the same time.
const GATHER: Duration = Duration::from_millis(40);
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What is on the page that wants to stay up to date.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct LiveQuery {
    /// The reader chose an action; without it the page moves on with the execution.
    action: Option<String>,
    /// Buttons are shown.
    #[serde(default)]
    controls: bool,
    /// `Stage/Action` and attempt whose log is shown.
    shown: Option<String>,
    attempt: Option<i64>,
    /// Where new lines begin; without it none are wanted.
    offset: Option<u64>,
    line: Option<u64>,
}

/// Where [`live`] is for this page.
pub(super) fn url(
    key: &ExecutionKey,
    asked: Option<&str>,
    viewer: Viewer,
    panel: Option<&Panel>,
) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(asked) = asked {
        query.append_pair("action", asked);
    }
    if viewer.may_write() {
        query.append_pair("controls", "true");
    }
    if let Some(panel) = panel {
        let (stage, action) = panel.selected.names();
        query.append_pair("shown", &format!("{stage}/{action}"));
        query.append_pair("attempt", &panel.selected.run.attempt.to_string());
        if panel.is_live {
            query.append_pair("offset", &panel.end().offset.to_string());
            query.append_pair("line", &panel.end().line.to_string());
        }
    }
    format!("{}/live?{}", path(key), query.finish())
}

/// Server-sent events with the parts of the page that changed, each as HTML under the part's name, and
/// `log` with new lines. `end` comes last, when nothing will change any more.
pub(super) async fn live(
    State(app): State<App>,
    Path((project, number)): Path<(ProjectName, ExecutionNumber)>,
    Query(query): Query<LiveQuery>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, PageError> {
    let key = ExecutionKey { project, number };
    // Subscribed before anything is read: what changes in between is seen.
    let changes = app.store.signals().subscribe();
    let view = query::execution(&app, &key).await?;
    let shown = match &query.shown {
        Some(shown) => select(&view, Some(shown), query.attempt)?,
        None => None,
    };
    let tail = query.offset.zip(query.line);
    let live = Live {
        cursor: tail.map(|(offset, line)| Cursor { offset, line }),
        size: 0,
        app,
        key,
        query,
        shown,
        changes,
        sent: Sent::default(),
        waiting: VecDeque::new(),
        began: now(),
        first: true,
        ended: false,
    };
    let stream = stream::unfold(live, |mut live| async move {
        let event = live.next().await?;
        Some((Ok(event), live))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// One page that is being kept up to date.
struct Live {
    app: App,
    key: ExecutionKey,
    query: LiveQuery,
    shown: Option<Selected>,
    /// Where new lines of the shown log begin; none when the page does not follow.
    cursor: Option<Cursor>,
    /// Bytes that the shown log had when it was last read.
    size: u64,
    changes: Receiver<Change>,
    sent: Sent,
    waiting: VecDeque<Event>,
    /// Parts are drawn as of this moment, so that only what changed differs; the page's script counts on.
    began: Timestamp,
    first: bool,
    ended: bool,
}

/// The parts as they were last sent.
#[derive(Default)]
struct Sent {
    head: String,
    controls: String,
    graph: String,
    steps: String,
}

impl Live {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            if !std::mem::take(&mut self.first) {
                self.wait().await;
            }
            if let Err(error) = self.refresh().await {
                // The browser connects again and finds out what is wrong.
                tracing::warn!(execution = %self.key, %error, "a live page ends");
                return None;
            }
        }
    }

    async fn refresh(&mut self) -> Result<(), ApiError> {
        let view = query::execution(&self.app, &self.key).await?;
        let before = self.shown.clone();
        let selected = select(&view, self.query.action.as_deref(), None)?;
        let moved_on = self.moves_on(before.as_ref(), selected.as_ref());
        if let (Some(selected), false) = (&selected, moved_on) {
            self.update_shown(selected);
        }
        self.push_lines().await?;
        if moved_on && let Some(selected) = selected {
            self.push_panel(selected).await?;
        }
        self.push_parts(&view).await?;
        if view.status.is_final() {
            self.waiting.push_back(event("end", "-"));
            self.ended = true;
        }
        Ok(())
    }

    /// The page shows another log now: something happens elsewhere and nobody chose an action, or the one
    /// chosen runs again.
    fn moves_on(&self, before: Option<&Selected>, selected: Option<&Selected>) -> bool {
        let (Some(before), Some(selected)) = (before, selected) else {
            return selected.is_some();
        };
        let telling = matches!(selected.status, Status::Running | Status::Failed);
        let same_action = before.run.action == selected.run.action;
        let free = self.query.action.is_none()
            || (same_action && self.query.attempt == Some(before.latest));
        before.run != selected.run && telling && free
    }

    fn update_shown(&mut self, selected: &Selected) {
        if let Some(shown) = &mut self.shown
            && shown.run == selected.run
        {
            *shown = selected.clone();
        }
    }

    async fn push_panel(&mut self, selected: Selected) -> Result<(), ApiError> {
        let panel = Panel::open(&self.app, &selected, &LogQuery::default()).await?;
        self.waiting.push_back(event("panel", &text(&panel)?));
        self.cursor = panel.is_live.then(|| panel.end());
        self.query.attempt = Some(selected.run.attempt);
        self.shown = Some(selected);
        Ok(())
    }

    async fn push_lines(&mut self) -> Result<(), ApiError> {
        let (Some(mut cursor), Some(shown)) = (self.cursor, &self.shown) else {
            return Ok(());
        };
        // Read before the lines: what comes after that is waited for.
        let log = crate::log::read(&self.app, &shown.run, u64::MAX, 1).await?;
        self.size = log.size;
        let windows = Windows::new(&self.app, shown.run.clone(), shown.is_finished());
        loop {
            let window = windows.after(cursor, None).await?;
            if window.lines.is_empty() {
                break;
            }
            let (end, is_last) = (window.end, window.is_last);
            let lines = Lines::appended(shown, window);
            self.waiting.push_back(event("log", &text(&lines)?));
            cursor = end;
            if is_last {
                break;
            }
        }
        let is_whole = shown.is_finished() && !log.open;
        self.cursor = (!is_whole).then_some(cursor);
        Ok(())
    }

    async fn push_parts(&mut self, view: &ExecutionView) -> Result<(), ApiError> {
        let parts = Parts::load(&self.app, view, self.shown.as_ref(), self.began).await?;
        let controls = if self.query.controls {
            parts.controls()?
        } else {
            String::new()
        };
        let sent = &mut self.sent;
        for (name, old, new) in [
            ("head", &mut sent.head, parts.head()?),
            ("controls", &mut sent.controls, controls),
            ("graph", &mut sent.graph, parts.graph()),
            ("steps", &mut sent.steps, parts.steps()?),
        ] {
            if *old != new {
                self.waiting.push_back(event(name, &new));
                *old = new;
            }
        }
        Ok(())
    }

    /// Until the execution or the shown log changed, or long enough.
    async fn wait(&mut self) {
        let run = self.shown.as_ref().map(|shown| shown.run.clone());
        let follows = run.filter(|_| self.cursor.is_some());
        let (logs, size) = (self.app.logs.clone(), self.size);
        let grown = async {
            match follows {
                Some(run) => {
                    if is_open(&logs, &run) {
                        logs.grown(&run, size).await;
                        tokio::time::sleep(GATHER).await;
                    } else {
                        tokio::time::sleep(SOON).await;
                    }
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = grown => {}
            () = changed(&mut self.changes, &self.key) => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

fn is_open(logs: &towpath_store::Logs, run: &towpath_model::ActionRunKey) -> bool {
    logs.read(run, u64::MAX, 1).is_ok_and(|chunk| chunk.open)
}

async fn changed(changes: &mut Receiver<Change>, key: &ExecutionKey) {
    loop {
        match changes.recv().await {
            Ok(change) if change.project != key.project => {}
            Ok(change) if change.execution.is_some_and(|number| number != key.number) => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

fn event(name: &str, html: &str) -> Event {
    // A carriage return would end the field: the format knows three line ends.
    Event::default().event(name).data(html.replace('\r', ""))
}
