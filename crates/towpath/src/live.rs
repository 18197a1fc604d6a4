//! The stages of an execution as they happen: moving on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use console::{Term, style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use towpath_model::{Status, Timestamp};
use towpath_web::api::wire::{ActionDocument, ExecutionDocument, StageDocument};

use crate::output;

const INTERVAL: Duration = Duration::from_millis(50);

/// Shows the execution, as `look` finds it, until it has ended.
pub async fn follow(
    look: impl AsyncFn() -> Result<ExecutionDocument>,
) -> Result<ExecutionDocument> {
    let mut live = Live::new();
    loop {
        let execution = look().await?;
        live.show(&execution)?;
        if execution.summary.status.is_final() {
            return Ok(execution);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

struct Live {
    screen: Screen,
    shown: BTreeMap<String, Status>,
}

enum Screen {
    Terminal {
        lines: MultiProgress,
        bars: BTreeMap<String, ProgressBar>,
    },
    Plain,
}

impl Live {
    fn new() -> Self {
        let screen = match Term::stdout().is_term() {
            true => Screen::Terminal {
                lines: MultiProgress::with_draw_target(ProgressDrawTarget::stdout()),
                bars: BTreeMap::new(),
            },
            false => Screen::Plain,
        };
        Self {
            screen,
            shown: BTreeMap::new(),
        }
    }

    fn show(&mut self, execution: &ExecutionDocument) -> Result<()> {
        for stage in &execution.stages {
            match &mut self.screen {
                Screen::Terminal { lines, bars } => show_moving(lines, bars, stage)?,
                Screen::Plain => self.show_plain(stage),
            }
        }
        Ok(())
    }

    /// A line when a stage starts and one when it ends.
    fn show_plain(&mut self, stage: &StageDocument) {
        let before = self.shown.insert(stage.name.clone(), stage.status);
        let worth_a_line = stage.status == Status::Running || stage.status.is_final();
        if before != Some(stage.status) && worth_a_line && stage.status != Status::Skipped {
            println!("{}", line(stage));
        }
    }
}

/// `  ✓ succeeded  Build     0.9 s`.
pub fn line(stage: &StageDocument) -> String {
    let status = console::pad_str(
        &output::status(stage.status).to_string(),
        12,
        console::Alignment::Left,
        None,
    )
    .into_owned();
    let took = took(stage)
        .filter(|_| stage.status.is_final())
        .map(output::duration)
        .unwrap_or_default();
    let line = format!("  {status} {:<8} {took:>8}  {}", stage.name, detail(stage));
    line.trim_end().to_owned()
}

fn show_moving(
    lines: &MultiProgress,
    bars: &mut BTreeMap<String, ProgressBar>,
    stage: &StageDocument,
) -> Result<()> {
    if !bars.contains_key(&stage.name) {
        let bar = lines.add(ProgressBar::new_spinner().with_style(moving()?));
        bar.enable_steady_tick(Duration::from_millis(80));
        bars.insert(stage.name.clone(), bar);
    }
    let Some(bar) = bars.get(&stage.name).filter(|bar| !bar.is_finished()) else {
        return Ok(());
    };
    if stage.status.is_final() {
        bar.set_style(ProgressStyle::with_template("{msg}")?);
        bar.finish_with_message(line(stage));
    } else {
        let name = format!("{:<8}", stage.name);
        let name = match stage.status {
            Status::Running => style(name).bold(),
            _ => style(name).dim(),
        };
        bar.set_message(format!("{name} {}", detail(stage)));
    }
    Ok(())
}

fn moving() -> Result<ProgressStyle> {
    let style = ProgressStyle::with_template("  {spinner:.blue} {msg}")?;
    Ok(style.tick_strings(&["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "]))
}

/// What the stage is at, or what came of it.
fn detail(stage: &StageDocument) -> String {
    let running = stage
        .actions
        .iter()
        .find(|action| action.status == Status::Running);
    if let Some(phase) = running.and_then(|action| action.phases.last()) {
        return style(&phase.name).dim().to_string();
    }
    let made = stage.actions.iter().find_map(outcome).unwrap_or_default();
    style(made).dim().to_string()
}

fn outcome(action: &ActionDocument) -> Option<String> {
    if let Some(reason) = &action.reason {
        return reason.lines().next().map(str::to_owned);
    }
    let digest = action.variables.get("ImageDigest");
    digest.map(|digest| digest.chars().take(19).collect())
}

/// From the first start of its actions to their last end.
fn took(stage: &StageDocument) -> Option<Duration> {
    let times = |pick: fn(&ActionDocument) -> Option<&String>| {
        let texts = stage.actions.iter().filter_map(pick);
        texts.filter_map(|text| text.parse::<Timestamp>().ok())
    };
    let start = times(|action| action.started_at.as_ref()).min()?;
    let end = times(|action| action.finished_at.as_ref()).max()?;
    Some(end.since(start))
}
