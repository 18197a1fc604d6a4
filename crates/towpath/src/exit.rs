//! How a command ends: 0 fine, 1 problems found, 2 usage or could not run.

use std::process::ExitCode;

/// What a command that ran found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Fine,
    /// It ran, and what it looked at is not well. It has said what.
    Problems,
    /// It could not run. It has said why and what to do.
    CouldNotRun,
    /// A command that was run for the user ended so; its code is passed on.
    Code(u8),
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Fine => ExitCode::SUCCESS,
            Verdict::Problems => ExitCode::from(1),
            Verdict::CouldNotRun => ExitCode::from(2),
            Verdict::Code(code) => ExitCode::from(code),
        }
    }
}
