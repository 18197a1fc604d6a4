//! What actions print: as they do, or of a failed one the part that says why.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use console::style;
use towpath_model::{ActionKey, ActionRunKey, ExecutionKey};
use towpath_store::Logs;
use towpath_web::api::wire::{ActionDocument, ExecutionDocument};

use crate::live;

const INTERVAL: Duration = Duration::from_millis(20);
const CHUNK: usize = 64 << 10;
/// Lines of the failing command's output that are shown.
const TAIL: usize = 40;
/// Of a log, as much as is looked through for them.
const LOOKED_THROUGH: u64 = 4 << 20;
/// How the runner writes a command before its output.
const COMMAND: &str = "\x1b[1m$ ";

/// An attempt and how much of its log has been shown.
pub struct Watched {
    pub run: ActionRunKey,
    shown: u64,
}

impl Watched {
    pub fn of(key: &ExecutionKey, stage: &str, action: &ActionDocument) -> Result<Self> {
        let action_key = ActionKey {
            execution: key.clone(),
            stage: stage.parse()?,
            action: action.name.parse()?,
        };
        Ok(Self {
            run: ActionRunKey {
                action: action_key,
                attempt: action.attempt,
            },
            shown: 0,
        })
    }

    fn show(&mut self, logs: &Logs) -> Result<()> {
        let mut out = std::io::stdout().lock();
        loop {
            let chunk = logs.read(&self.run, self.shown, CHUNK)?;
            if chunk.content.is_empty() {
                return Ok(out.flush()?);
            }
            self.shown = chunk.next;
            match console::colors_enabled() {
                true => out.write_all(&chunk.content)?,
                false => {
                    let text = String::from_utf8_lossy(&chunk.content);
                    out.write_all(console::strip_ansi_codes(&text).as_bytes())?;
                }
            }
        }
    }
}

/// Shows the logs of the execution's actions, and a line for each stage that ends, until it has ended.
pub async fn follow(
    logs: &Logs,
    key: &ExecutionKey,
    look: impl AsyncFn() -> Result<ExecutionDocument>,
) -> Result<ExecutionDocument> {
    let mut watched: BTreeMap<(String, String), Watched> = BTreeMap::new();
    let mut ended: Vec<String> = Vec::new();
    loop {
        let execution = look().await?;
        for stage in &execution.stages {
            for action in stage.actions.iter().filter(|action| action.attempt > 0) {
                let name = (stage.name.clone(), action.name.clone());
                let watched = match watched.entry(name) {
                    std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                    std::collections::btree_map::Entry::Vacant(entry) => {
                        println!("{} {}", style("▸").cyan(), style(&action.name).bold());
                        entry.insert(Watched::of(key, &stage.name, action)?)
                    }
                };
                watched.show(logs)?;
            }
            if stage.status.is_final()
                && stage.actions.iter().any(|action| action.attempt > 0)
                && !ended.contains(&stage.name)
            {
                println!("{}", live::line(stage));
                ended.push(stage.name.clone());
            }
        }
        if execution.summary.status.is_final() {
            return Ok(execution);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// The command that failed with the end of what it printed; none when the reason is all that there is.
pub fn failing_part(logs: &Logs, run: &ActionRunKey) -> Result<Option<String>> {
    let size = logs.read(run, 0, 0)?.size;
    let from = size.saturating_sub(LOOKED_THROUGH);
    let chunk = logs.read(run, from, usize::try_from(LOOKED_THROUGH)?)?;
    let text = String::from_utf8_lossy(&chunk.content).replace('\r', "");
    let part = Some(failing(&text)).filter(|part| !part.is_empty());
    Ok(part.map(|part| match console::colors_enabled() {
        true => part,
        false => console::strip_ansi_codes(&part).into_owned(),
    }))
}

/// From the failed command to how it ended: after it other commands may have run. A log without such a place
/// is told by its end. The last lines say the reason, which is said elsewhere.
fn failing(log: &str) -> String {
    let mut lines: Vec<&str> = log.lines().collect();
    let reason = |line: &&str| line.starts_with("\x1b[1;31mFailed:");
    lines.truncate(lines.iter().rposition(reason).unwrap_or(lines.len()));
    let end = lines.iter().position(|line| is_end(line));
    let end = end.map_or(lines.len(), |at| at + 1);
    let start = lines[..end]
        .iter()
        .rposition(|line| line.starts_with(COMMAND));
    let start = start.unwrap_or(0);
    let shown = &lines[start..end];
    if shown.len() <= TAIL + 2 {
        return shown.join("\n");
    }
    let left_out = shown.len() - TAIL - 1;
    let mut part = vec![shown[0].to_owned()];
    part.push(format!("... {left_out} lines, which -v shows ..."));
    part.extend(shown[shown.len() - TAIL..].iter().map(ToString::to_string));
    part.join("\n")
}

/// How the runner notes that a command failed.
fn is_end(line: &str) -> bool {
    let note = line
        .strip_prefix('[')
        .and_then(|line| line.strip_suffix(']'));
    note.is_some_and(|note| {
        note.strip_prefix("exit code ")
            .is_some_and(|code| code.parse::<i32>().is_ok())
            || note.starts_with("killed")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failing_command_is_found_among_the_others() {
        let log = "\x1b[1m$ one\x1b[0m\nfine\n\x1b[1m$ two\x1b[0m\nbad\n[exit code 3]\n\
                   \x1b[1m$ after\x1b[0m\nstill\n\x1b[1;31mFailed:\x1b[0m two\n";
        assert_eq!(failing(log), "\x1b[1m$ two\x1b[0m\nbad\n[exit code 3]");
    }

    #[test]
    fn a_log_without_commands_is_told_by_its_end() {
        assert_eq!(failing("a\nb\n\x1b[1;31mFailed:\x1b[0m c\nd\n"), "a\nb");
        assert_eq!(failing(""), "");
    }

    #[test]
    fn long_output_keeps_its_command() {
        let log = format!("\x1b[1m$ x\x1b[0m\n{}[exit code 1]\n", "line\n".repeat(100));
        let part = failing(&log);
        assert!(
            part.starts_with("\x1b[1m$ x\x1b[0m\n... 61 lines"),
            "{part}"
        );
        assert!(part.ends_with("line\n[exit code 1]"), "{part}");
        assert_eq!(part.lines().count(), TAIL + 2);
    }
}
