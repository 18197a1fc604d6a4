//! The closing table: what a developer would want to know of the two pushes.

use std::time::Duration;

use towpath_model::Timestamp;
use towpath_web::api::wire::{ActionDocument, ExecutionDocument};

use crate::output;

/// A column an execution.
pub fn table(executions: &[ExecutionDocument], app: &str, dashboard: &str) -> String {
    let mut table = output::table(&[]);
    let rows: [(&str, fn(&ExecutionDocument) -> String); 5] = [
        ("Commit", |e| {
            format!("{} {}", short(&e.summary.commit, 7), e.summary.title)
        }),
        ("Execution", |e| format!("#{}", e.summary.number)),
        ("Image", |e| {
            short(variable(e, "ImageDigest"), 19).to_owned()
        }),
        ("Push to first build command", |e| seconds(first_command(e))),
        ("Push to running", |e| seconds(running(e))),
    ];
    for (title, value) in rows {
        let cells = executions.iter().map(value);
        table.add_row(std::iter::once(title.to_owned()).chain(cells));
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
