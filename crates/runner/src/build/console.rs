use std::time::Instant;

use towpath_model::workspace::{Exit, Output};

use super::failure::Failure;
use crate::Program;
use crate::flow::{Flow, PhaseEnd, Position, Section};
use crate::log::Log;
use crate::marker::{Item, Marker, MarkerReader, Nonce};
use crate::progress::{PhaseStatus, Progress};

/// Watches what the shells of a build print: text goes to the log, markers move the flow.
pub(super) struct Console<'a, 'o> {
    reader: MarkerReader,
    state: State<'a, 'o>,
}

struct State<'a, 'o> {
    program: &'a Program,
    flow: Flow<'a>,
    log: &'a mut Log<'o>,
    progress: &'a mut (dyn FnMut(Progress) + Send),
    /// The phase that has started and not ended, and since when.
    phase: Option<(usize, Instant)>,
    /// The command that has started and not ended.
    running: Option<Position>,
    last_exit: i32,
    failure: Option<Failure>,
    forged: bool,
}

impl<'a, 'o> Console<'a, 'o> {
    pub(super) fn new(
        program: &'a Program,
        nonce: &Nonce,
        log: &'a mut Log<'o>,
        progress: &'a mut (dyn FnMut(Progress) + Send),
    ) -> Self {
        let state = State {
            program,
            flow: Flow::new(program),
            log,
            progress,
            phase: None,
            running: None,
            last_exit: 0,
            failure: None,
            forged: false,
        };
        Self {
            reader: MarkerReader::new(nonce),
            state,
        }
    }

    pub(super) fn flow(&self) -> &Flow<'a> {
        &self.state.flow
    }

    /// Exit status of the last command that ended.
    pub(super) fn last_exit(&self) -> i32 {
        self.state.last_exit
    }

    /// Notes that a shell has ended. A command that was running ended with it, and its status is the shell's:
    /// CodeBuild takes `exit 0` for a command that succeeded, too.
    pub(super) fn shell_ended(&mut self, exit: Exit) {
        let held = self.reader.finish();
        self.state.log.write(&held);
        if let Some(position) = self.state.running {
            self.state.end_command(position, exit);
        }
    }

    pub(super) fn forged(&self) -> bool {
        self.state.forged
    }

    /// Ends the build here: what has not run does not run.
    pub(super) fn stop(&mut self, failure: Failure) {
        self.state.failure = Some(failure);
        self.state.end_phase(PhaseEnd { success: false });
    }

    /// The command that is running.
    pub(super) fn running(&self) -> Option<Position> {
        self.state.running
    }

    pub(super) fn into_failure(self) -> Option<Failure> {
        self.state.failure
    }
}

impl Output for Console<'_, '_> {
    fn write(&mut self, chunk: &[u8]) {
        let Self { reader, state } = self;
        reader.read(chunk, |item| match item {
            Item::Text(text) => state.log.write(text),
            Item::Marker(marker) => state.mark(marker),
        });
    }
}

impl State<'_, '_> {
    fn mark(&mut self, marker: Marker) {
        match marker {
            _ if self.forged => {}
            Marker::Started(at) if self.running.is_none() && self.flow.next() == Some(at) => {
                self.start_command(at)
            }
            Marker::Ended(at, status) if self.running == Some(at) => {
                self.end_command(at, Exit::Code(status))
            }
            _ => self.forged = true,
        }
    }

    fn start_command(&mut self, position: Position) {
        let phase = &self.program.phases[position.phase];
        if self.phase.is_none() {
            self.phase = Some((position.phase, Instant::now()));
            (self.progress)(Progress::PhaseStarted { phase: phase.name });
        }
        self.running = Some(position);
        let Some(command) = position.command(self.program) else {
            return;
        };
        let before = if position.section == Section::Finally {
            phase.commands.len()
        } else {
            0
        };
        (self.progress)(Progress::CommandStarted {
            phase: phase.name,
            index: before + position.index,
            text: command.text.clone(),
        });
        self.log.command(&command.text);
    }

    fn end_command(&mut self, position: Position, exit: Exit) {
        self.running = None;
        self.last_exit = status(exit);
        if !exit.success() {
            self.log.note(&format!("[{exit}]"));
            let failure = Failure::of_command(self.program, position, &exit);
            self.failure.get_or_insert(failure);
        }
        if let Some(end) = self.flow.finish(exit.success()) {
            self.end_phase(end);
        }
    }

    fn end_phase(&mut self, end: PhaseEnd) {
        let Some((index, since)) = self.phase.take() else {
            return;
        };
        let status = if end.success {
            PhaseStatus::Succeeded
        } else {
            PhaseStatus::Failed
        };
        (self.progress)(Progress::PhaseFinished {
            phase: self.program.phases[index].name,
            status,
            duration: since.elapsed(),
        });
    }
}

/// As a shell gives it in `$?`.
fn status(exit: Exit) -> i32 {
    match exit {
        Exit::Code(code) => code,
        Exit::Signal(signal) => 128 + signal,
        Exit::TimedOut | Exit::OutOfMemory => 128 + 9,
    }
}
