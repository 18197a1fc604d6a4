//! The closing table: what a developer would want to know of the two pushes.

use std::time::Duration;

use towpath_model::Timestamp;
use towpath_web::api::wire::{ActionDocument, ExecutionDocument};

use crate::output;

struct Row {
    title: &'static str,
    value: fn(&ExecutionDocument) -> String,
}

const ROWS: [Row; 5] = [
    Row {
        title: "Commit",
        value: |e| format!("{} {}", short(&e.summary.commit, 7), e.summary.title),
    },
    Row {
        title: "Execution",
        value: |e| format!("#{}", e.summary.number),
    },
    Row {
        title: "Image",
        value: |e| short(variable(e, "ImageDigest"), 19).to_owned(),
    },
    Row {
        title: "Push to first build command",
        value: |e| seconds(first_command(e)),
    },
    Row {
        title: "Push to running",
        value: |e| seconds(running(e)),
    },
];

/// A column an execution.
pub fn table(executions: &[ExecutionDocument], app: &str, dashboard: &str) -> String {
    let mut table = output::table(&[]);
    for row in ROWS {
        let cells = executions.iter().map(row.value);
        table.add_row(std::iter::once(row.title.to_owned()).chain(cells));
    }
    table.add_row(["App", app]);
    table.add_row(["Dashboard", dashboard]);
    table.trim_fmt()
}

fn short(text: &str, length: usize) -> &str {
    text.get(..length).unwrap_or(text)
}

fn actions(execution: &ExecutionDocument) -> impl Iterator<Item = &ActionDocument> {
    execution.stages.iter().flat_map(|stage| &stage.actions)
}

fn variable<'e>(execution: &'e ExecutionDocument, name: &str) -> &'e str {
    let found = actions(execution).find_map(|action| action.variables.get(name));
    found.map_or("–", String::as_str)
}

fn first_command(execution: &ExecutionDocument) -> Option<Duration> {
    let build = actions(execution).find(|action| action.category == "Build")?;
    since_push(execution, &build.phases.first()?.started_at)
}

fn running(execution: &ExecutionDocument) -> Option<Duration> {
    let deploy = actions(execution).find(|action| action.category == "Deploy")?;
    since_push(execution, deploy.finished_at.as_ref()?)
}

/// From the moment the push was recorded, just before git was answered.
fn since_push(execution: &ExecutionDocument, time: &str) -> Option<Duration> {
    let pushed: Timestamp = execution.summary.triggered_at.parse().ok()?;
    let time: Timestamp = time.parse().ok()?;
    Some(time.since(pushed))
}

fn seconds(duration: Option<Duration>) -> String {
    match duration {
        None => "–".to_owned(),
        Some(duration) if duration.as_millis() < 1000 => format!("{} ms", duration.as_millis()),
        Some(duration) => format!("{:.2} s", duration.as_secs_f64()),
    }
}
