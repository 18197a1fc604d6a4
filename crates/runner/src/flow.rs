use std::fmt;
use std::str::FromStr;

use crate::{CommandLine, Phase, Program};

/// One command of a program. Printed as `<phase>c<index>` or, of `finally`, `<phase>f<index>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// Into [`Program::phases`].
    pub(crate) phase: usize,
    pub(crate) section: Section,
    /// Into the section's commands.
    pub(crate) index: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Commands,
    Finally,
}

/// Which command of a program comes next, by what the earlier ones came to. Decides alone: the shell script
/// follows the same rules so that it seldom has to be started again.
///
/// A failed command ends its section, not the phase: `finally` always runs, and when it fails, the phase has
/// failed (buildspec reference, `finally`).
#[derive(Clone, Debug)]
pub(crate) struct Flow<'p> {
    program: &'p Program,
    next: Option<Position>,
    phase_failed: bool,
    build_failed: bool,
}

impl<'p> Flow<'p> {
    pub(crate) fn new(program: &'p Program) -> Self {
        let next = first_command(program, 0);
        Self {
            program,
            next,
            phase_failed: false,
            build_failed: false,
        }
    }

    /// The command that runs next or runs now; none when the program has ended.
    pub(crate) fn next(&self) -> Option<Position> {
        self.next
    }

    /// Whether a command of the phase of [`Flow::next`] has failed.
    pub(crate) fn phase_failed(&self) -> bool {
        self.phase_failed
    }

    /// Whether any command has failed.
    pub(crate) fn build_failed(&self) -> bool {
        self.build_failed
    }

    /// Notes how the command at [`Flow::next`] ended and moves on. Returns how its phase ended, if it has.
    pub(crate) fn finish(&mut self, success: bool) -> Option<PhaseEnd> {
        let position = self.next?;
        self.phase_failed |= !success;
        self.build_failed |= !success;
        self.next = self.within_phase(position, success);
        match self.next {
            Some(_) => None,
            None => Some(self.end_phase(position.phase)),
        }
    }

    fn within_phase(&self, position: Position, success: bool) -> Option<Position> {
        let phase = &self.program.phases[position.phase];
        let following = Position {
            index: position.index + 1,
            ..position
        };
        let finally = Position {
            section: Section::Finally,
            index: 0,
            ..position
        };
        let in_section = Some(following).filter(|_| success);
        let in_finally = Some(finally).filter(|_| position.section == Section::Commands);
        let exists = |p: &Position| command(phase, *p).is_some();
        in_section.filter(exists).or(in_finally.filter(exists))
    }

    fn end_phase(&mut self, index: usize) -> PhaseEnd {
        let end = PhaseEnd {
            success: !self.phase_failed,
        };
        if end.success || self.program.phases[index].goes_on_after_failure() {
            self.next = first_command(self.program, index + 1);
        }
        self.phase_failed = false;
        end
    }
}

/// How a phase ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PhaseEnd {
    pub(crate) success: bool,
}

/// The first command of phase `from` or, where it has none, of a later one.
fn first_command(program: &Program, from: usize) -> Option<Position> {
    let sections = [Section::Commands, Section::Finally];
    (from..program.phases.len())
        .flat_map(|phase| {
            sections.map(|section| Position {
                phase,
                section,
                index: 0,
            })
        })
        .find(|position| position.command(program).is_some())
}

fn command(phase: &Phase, position: Position) -> Option<&CommandLine> {
    phase.section(position.section).get(position.index)
}

impl Phase {
    /// The commands of a section.
    pub(crate) fn section(&self, section: Section) -> &[CommandLine] {
        match section {
            Section::Commands => &self.commands,
            Section::Finally => &self.finally,
        }
    }
}

impl Position {
    /// The command at this position of `program`.
    pub(crate) fn command(self, program: &Program) -> Option<&CommandLine> {
        command(program.phases.get(self.phase)?, self)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let section = match self.section {
            Section::Commands => 'c',
            Section::Finally => 'f',
        };
        write!(f, "{}{section}{}", self.phase, self.index)
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let at = text.find(['c', 'f']).ok_or(())?;
        let section = if text[at..].starts_with('c') {
            Section::Commands
        } else {
            Section::Finally
        };
        let number = |text: &str| text.parse().map_err(drop);
        Ok(Self {
            phase: number(&text[..at])?,
            section,
            index: number(&text[at + 1..])?,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::buildspec;

    use super::*;

    /// The commands that run when those whose text is `false` fail, and the failed phases.
    fn check(phases: &str, expect: &str) {
        let text = format!("version: 0.2\nphases:\n{phases}");
        let program = buildspec::parse("buildspec.yml", &text).unwrap();
        let mut flow = Flow::new(&program);
        let mut ran = Vec::new();
        while let Some(position) = flow.next() {
            assert_eq!(position.to_string().parse(), Ok(position));
            let text = &position.command(&program).unwrap().text;
            ran.push(text.clone());
            if let Some(PhaseEnd { success }) = flow.finish(!text.starts_with("false")) {
                ran.push(if success { ";" } else { "!" }.to_owned());
            }
        }
        assert_eq!(ran.join(" "), expect, "{phases}");
    }

    #[test]
    fn all_phases_run_in_order() {
        let phases = "  post_build: {commands: [d]}\n  build: {commands: [b, c], finally: [f]}\n  install: {commands: [a]}\n";
        check(phases, "a ; b c f ; d ;");
    }

    #[test]
    fn a_failure_ends_the_section_and_finally_runs() {
        check(
            "  build: {commands: [false, b], finally: [f, g]}\n",
            "false f g !",
        );
        check(
            "  build: {commands: [a], finally: [false, g]}\n",
            "a false !",
        );
        check(
            "  build: {commands: [false1], finally: [false2]}\n",
            "false1 false2 !",
        );
        check(
            "  install: {finally: [f]}\n  build: {commands: [b]}\n",
            "f ; b ;",
        );
    }

    #[test]
    fn what_follows_a_failed_phase() {
        for (phase, on_failure, follows) in [
            ("install", "", false),
            ("pre_build", "", false),
            ("build", "", true),
            ("install", "ABORT", false),
            ("pre_build", "ABORT", false),
            ("build", "ABORT", false),
            ("install", "CONTINUE", true),
            ("pre_build", "CONTINUE", true),
            ("build", "CONTINUE", true),
        ] {
            let on_failure = if on_failure.is_empty() {
                String::new()
            } else {
                format!(", on-failure: {on_failure}")
            };
            let phases = format!(
                "  {phase}: {{commands: [false]{on_failure}}}\n  post_build: {{commands: [p]}}\n"
            );
            check(&phases, if follows { "false ! p ;" } else { "false !" });
        }
    }

    #[test]
    fn empty_phases_are_passed_over() {
        check(
            "  install:\n  pre_build: {commands: []}\n  build: {commands: [b]}\n",
            "b ;",
        );
    }
}
