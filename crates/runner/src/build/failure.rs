use std::time::Duration;

use towpath_model::workspace::Exit;

use crate::Program;
use crate::flow::Position;

/// Why a build failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// One sentence.
    pub(super) reason: String,
    pub(super) timed_out: bool,
}

impl Failure {
    pub(super) fn of_command(
        program: &Program,
        position: Position,
        how: &dyn std::fmt::Display,
    ) -> Self {
        let (phase, text) = named(program, position);
        Self {
            reason: format!("phase {phase}: {text} failed: {how}"),
            timed_out: false,
        }
    }

    /// `position` is the command that ran, if any did.
    pub(super) fn of_timeout(
        program: &Program,
        position: Option<Position>,
        timeout: Duration,
    ) -> Self {
        let limit = readable(timeout);
        let reason = match position {
            Some(position) => {
                let (phase, text) = named(program, position);
                format!("phase {phase}: the build timed out after {limit} in {text}")
            }
            None => format!("the build timed out after {limit}"),
        };
        Self {
            reason,
            timed_out: true,
        }
    }

    pub(super) fn of_shell(program: &Program, exit: Exit) -> Self {
        let shell = program.shell.as_str();
        let reason = format!("the shell {shell} ended before it ran a command: {exit}");
        Self {
            reason,
            timed_out: false,
        }
    }

    pub(super) fn of_forged_marker() -> Self {
        let reason = "a command printed the markers by which Towpath follows the build".to_owned();
        Self {
            reason,
            timed_out: false,
        }
    }
}

/// The phase, and the command with where it is written: `` `cargo test` (buildspec.yml:7:9) ``.
fn named(program: &Program, position: Position) -> (String, String) {
    let phase = program.phases[position.phase].name.to_string();
    let Some(command) = position.command(program) else {
        return (phase, String::new());
    };
    let text = first_line(&command.text);
    match &command.location {
        Some(location) => (phase, format!("`{text}` ({location})")),
        None => (phase, format!("`{text}`")),
    }
}

fn first_line(text: &str) -> String {
    const LONGEST: usize = 80;
    let text = text.trim();
    let line: String = text
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(LONGEST)
        .collect();
    if line.len() < text.len() {
        format!("{line} ...")
    } else {
        line
    }
}

fn readable(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds >= 60 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        0 => format!("{} ms", duration.as_millis()),
        seconds => format!("{seconds} s"),
    }
}
