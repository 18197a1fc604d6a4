//! How things look on a terminal: one vocabulary of states, with the same word, sign and colour everywhere.

use std::fmt::Display;
use std::time::Duration;

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};
use console::{Style, StyledObject, style};
use serde::Serialize;
use towpath_model::{Status, Timestamp};

pub fn error_label() -> StyledObject<&'static str> {
    style("error:").for_stderr().red().bold()
}

/// `✓ succeeded`: a sign beside the word, never colour alone.
pub fn status(status: Status) -> StyledObject<String> {
    let (sign, style) = match status {
        Status::Succeeded => ("✓", Style::new().green()),
        Status::Failed => ("✕", Style::new().red().bold()),
        Status::Running => ("●", Style::new().blue()),
        Status::Waiting => ("◌", Style::new().yellow()),
        Status::Queued => ("·", Style::new().dim()),
        Status::Cancelled | Status::Superseded | Status::Skipped => ("–", Style::new().dim()),
    };
    style.apply_to(format!("{sign} {status}"))
}

/// `12 ms`, `0.4 s`, `12 s`, `3 min 5 s`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 if duration.as_millis() < 100 => format!("{} ms", duration.as_millis()),
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// `1 warning`, `2 warnings`, `0 warnings`.
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, what: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// From one RFC 3339 time of the API to another, when both are there.
pub fn between(start: Option<&str>, end: Option<&str>) -> Option<Duration> {
    let start: Timestamp = start?.parse().ok()?;
    let end: Timestamp = end?.parse().ok()?;
    Some(end.since(start))
}

/// A table without frames, as wide as the terminal.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if !header.is_empty() {
        table.set_header(header.iter().map(|title| style(title).dim().to_string()));
    }
    table
}

pub fn print_json(value: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}
