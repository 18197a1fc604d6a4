use std::time::Duration;

use crate::PhaseName;

/// What happens in a build, as it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    PhaseStarted {
        phase: PhaseName,
    },
    CommandStarted {
        phase: PhaseName,
        /// From 0, counting the commands and then those of `finally`.
        index: usize,
        text: String,
    },
    PhaseFinished {
        phase: PhaseName,
        status: PhaseStatus,
        duration: Duration,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhaseStatus {
    Succeeded,
    Failed,
}
