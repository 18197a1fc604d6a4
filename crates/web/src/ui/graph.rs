//! Stages as a picture: a column for each group of actions that run together, drawn by the server.

use std::fmt::Write;

use towpath_model::{Status, Timestamp};
use towpath_pipeline::view::{ActionView, ExecutionView, StageView};

use super::escaped::Escaped;
use super::words::duration;

const NODE: (u32, u32) = (158, 48);
const GAP: (u32, u32) = (46, 14);
const MARGIN: u32 = 10;
/// Room for the stage's name above its actions.
const HEADING: u32 = 22;
/// Characters of a name that fit into a node.
const NAME: usize = 18;

type Column<'a> = (&'a StageView, Vec<&'a ActionView>);

/// An SVG with real text, a link on each action to its log, and a label that says the same in words. Nothing
/// while there are no stages.
pub(super) fn graph(
    view: &ExecutionView,
    selected: Option<(&str, &str)>,
    now: Timestamp,
) -> String {
    let columns = columns(view);
    if columns.is_empty() {
        return String::new();
    }
    let heading = if view.stages.iter().any(needs_heading) {
        HEADING
    } else {
        0
    };
    let tallest = columns
        .iter()
        .map(|(_, actions)| actions.len())
        .max()
        .unwrap_or(0);
    let (columns_wide, rows) = (as_u32(columns.len()), as_u32(tallest));
    let width = 2 * MARGIN + columns_wide * (NODE.0 + GAP.0) - GAP.0.min(columns_wide * GAP.0);
    let height = 2 * MARGIN + heading + rows * (NODE.1 + GAP.1) - GAP.1.min(rows * GAP.1);
    let mut svg = format!(
        r#"<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="group" aria-label="{}">"#,
        Escaped(&in_words(view))
    );
    let room = Room { heading, height };
    svg.push_str(&edges(&columns, &room));
    let mut stage_before = None;
    for (index, (stage, actions)) in columns.iter().enumerate() {
        let x = column_x(index);
        if stage_before != Some(&stage.name) && needs_heading(stage) {
            let name = shortened(stage.name.as_str());
            // Writing to a String does not fail.
            let _ = write!(
                svg,
                r#"<text class="stage" x="{x}" y="{}">{name}</text>"#,
                MARGIN + 10
            );
        }
        stage_before = Some(&stage.name);
        for (row, action) in actions.iter().enumerate() {
            let is_selected = selected == Some((stage.name.as_str(), action.name.as_str()));
            let y = room.node_y(row, actions.len());
            svg.push_str(&node(stage, action, (x, y), is_selected, now));
        }
    }
    svg.push_str("</svg>");
    svg
}

/// `Source succeeded, Build running, Deploy queued`.
fn in_words(view: &ExecutionView) -> String {
    let stage = |stage: &StageView| {
        let actions: Vec<String> = stage
            .actions
            .iter()
            .map(|action| format!("{} {}", action.name, action.status))
            .collect();
        match &actions[..] {
            [_] => format!("{} {}", stage.name, stage.status),
            _ => format!("{} {} ({})", stage.name, stage.status, actions.join(", ")),
        }
    };
    let stages: Vec<String> = view.stages.iter().map(stage).collect();
    format!("Stages: {}", stages.join(", "))
}

fn columns(view: &ExecutionView) -> Vec<Column<'_>> {
    let mut columns = Vec::new();
    for stage in &view.stages {
        let mut orders: Vec<u16> = stage
            .actions
            .iter()
            .map(|action| action.run_order)
            .collect();
        orders.sort_unstable();
        orders.dedup();
        for order in orders {
            let group = stage
                .actions
                .iter()
                .filter(|action| action.run_order == order);
            columns.push((stage, group.collect()));
        }
    }
    columns
}

fn edges(columns: &[Column<'_>], room: &Room) -> String {
    let mut path = String::new();
    for (index, pair) in columns.windows(2).enumerate() {
        let [(_, from), (_, to)] = pair else { continue };
        let (left, right) = (column_x(index) + NODE.0, column_x(index + 1));
        let middle = (left + right) / 2;
        for a in 0..from.len() {
            let y1 = room.node_y(a, from.len()) + NODE.1 / 2;
            for b in 0..to.len() {
                let y2 = room.node_y(b, to.len()) + NODE.1 / 2;
                // Writing to a String does not fail.
                let _ = write!(
                    path,
                    "M{left} {y1}C{middle} {y1} {middle} {y2} {right} {y2}"
                );
            }
        }
    }
    format!(r#"<path class="edge" d="{path}"/>"#)
}

fn node(
    stage: &StageView,
    action: &ActionView,
    (x, y): (u32, u32),
    is_selected: bool,
    now: Timestamp,
) -> String {
    let (stage, name, status) = (&stage.name, &action.name, action.status);
    let sub = match action.started_at {
        None => status.to_string(),
        Some(from) => {
            let took = duration(action.finished_at.unwrap_or(now).since(from));
            match status {
                Status::Succeeded => took,
                _ => format!("{status} · {took}"),
            }
        }
    };
    let counting = match (status, action.started_at) {
        (Status::Running, Some(from)) => format!(r#" data-running="{}""#, from.0),
        _ => String::new(),
    };
    let selected = if is_selected { " selected" } else { "" };
    let (width, height) = NODE;
    let (text, icon, right) = (x + 14, shape(status), x + width - 14);
    let (first, second) = (y + 20, y + 37);
    let shown = shortened(name.as_str());
    format!(
        r##"<a id="g-{stage}-{name}" href="?action={stage}/{name}#log" class="node {status}{selected}" aria-label="{name}: {sub}, show its log"><rect x="{x}" y="{y}" width="{width}" height="{height}" rx="9"/><text x="{text}" y="{first}">{shown}</text><text class="sub" x="{text}" y="{second}"{counting}>{sub}</text><text class="shape" x="{right}" y="{first}">{icon}</text></a>"##
    )
}

fn shape(status: Status) -> &'static str {
    match status {
        Status::Queued => "○",
        Status::Running => "●",
        Status::Waiting => "◐",
        Status::Succeeded => "✓",
        Status::Failed => "✕",
        Status::Cancelled => "⊘",
        Status::Superseded => "»",
        Status::Skipped => "–",
    }
}

fn column_x(index: usize) -> u32 {
    MARGIN + as_u32(index) * (NODE.0 + GAP.0)
}

/// What nodes are placed in, from top to bottom.
struct Room {
    heading: u32,
    height: u32,
}

impl Room {
    /// Columns are centred on each other.
    fn node_y(&self, row: usize, rows: usize) -> u32 {
        let step = NODE.1 + GAP.1;
        let column = as_u32(rows) * step - GAP.1;
        let room = self.height - self.heading - 2 * MARGIN;
        MARGIN + self.heading + (room - column) / 2 + as_u32(row) * step
    }
}

/// A stage whose only action has its name would say it twice.
fn needs_heading(stage: &StageView) -> bool {
    !matches!(&stage.actions[..], [action] if action.name.as_str() == stage.name.as_str())
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME {
        return Escaped(name).to_string();
    }
    let start: String = name.chars().take(NAME - 1).collect();
    format!("{}…", Escaped(&start))
}

/// Pipelines have a few hundred actions at most.
fn as_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX / 1024)
}
