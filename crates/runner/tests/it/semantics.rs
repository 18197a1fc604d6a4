//! Which commands run when one fails: each phase, in its commands or its `finally`, with each `on-failure`,
//! when the command only fails and when it takes the shell with it, in both shells.

use towpath_model::Outcome;
use towpath_runner::{Program, buildspec};

use crate::cases::plain;
use crate::place::{context, run};

const PHASES: [&str; 4] = ["install", "pre_build", "build", "post_build"];

#[derive(Clone, Copy, Debug)]
struct Failure {
    phase: usize,
    in_finally: bool,
    on_failure: &'static str,
    how: &'static str,
    shell: &'static str,
}

fn all() -> Vec<Failure> {
    let mut all = Vec::new();
    for phase in 0..PHASES.len() {
        for in_finally in [false, true] {
            for on_failure in ["", "ABORT", "CONTINUE"] {
                for how in ["false", "exit 3"] {
                    for shell in ["bash", "/bin/sh"] {
                        all.push(Failure {
                            phase,
                            in_finally,
                            on_failure,
                            how,
                            shell,
                        });
                    }
                }
            }
        }
    }
    all
}

impl Failure {
    fn program(self) -> Program {
        let mut text = format!("version: 0.2\nenv: {{shell: {}}}\nphases:\n", self.shell);
        for (index, phase) in PHASES.iter().enumerate() {
            let fails = |in_finally| self.phase == index && self.in_finally == in_finally;
            let fail = |in_finally| {
                if fails(in_finally) {
                    format!("{}, ", self.how)
                } else {
                    String::new()
                }
            };
            let (commands, finally) = (fail(false), fail(true));
            text.push_str(&format!(
                "  {phase}:\n    commands: [echo {phase}:1 $$, {commands}echo {phase}:2 $$]\n    \
                 finally: [echo {phase}:f1 $$, {finally}echo {phase}:f2 $$]\n"
            ));
            if self.phase == index && !self.on_failure.is_empty() {
                text.push_str(&format!("    on-failure: {}\n", self.on_failure));
            }
        }
        buildspec::parse("buildspec.yml", &text).unwrap()
    }

    fn expected(self) -> Vec<String> {
        let mut expected = Vec::new();
        for (index, phase) in PHASES.iter().enumerate() {
            let fails = self.phase == index;
            let steps: &[&str] = match (fails, self.in_finally) {
                (false, _) => &["1", "2", "f1", "f2"],
                (true, false) => &["1", "f1", "f2"],
                (true, true) => &["1", "2", "f1"],
            };
            expected.extend(steps.iter().map(|step| format!("{phase}:{step}")));
            let goes_on =
                self.on_failure == "CONTINUE" || (self.on_failure.is_empty() && *phase == "build");
            if fails && !goes_on {
                break;
            }
        }
        expected
    }
}

#[test]
fn phases_and_failures() {
    for failure in all() {
        let ran = run(&failure.program(), &context());
        let log = plain(&ran.log);
        let lines: Vec<_> = log.lines().filter(|line| !line.starts_with('$')).collect();
        let (mut steps, mut shells) = (Vec::new(), Vec::new());
        for (step, shell) in lines
            .iter()
            .filter_map(|line| line.split_once(' '))
            .filter(|(step, _)| step.contains(":") && !step.ends_with(':'))
        {
            steps.push(step.to_owned());
            shells.push(shell);
        }
        assert_eq!(steps, failure.expected(), "{failure:?}\n{log}");
        assert!(
            matches!(ran.result.outcome, Outcome::Failed { .. }),
            "{failure:?}"
        );
        shells.dedup();
        // Nothing else may make the driver start a second shell.
        let last = failure.in_finally
            && failure
                .expected()
                .last()
                .is_some_and(|step| step.ends_with(":f1"));
        let expected = if failure.how == "false" || last { 1 } else { 2 };
        assert_eq!(shells.len(), expected, "{failure:?}\n{log}");
    }
}
