//! Runs a build: reads the build file, drives a [`Workspace`](towpath_model::workspace::Workspace), keeps the
//! log and the artifact.
//!
//! [`detect`] finds what a repository builds with, [`buildspec::parse`] and [`Program::scripts`] and
//! [`Program::makefile`] make the same [`Program`] of it, and [`run_build`] runs that.
//!
//! **Architecture invariant:** no process is started and no file is read here; that is the workspace's.

mod build;
pub mod buildspec;
mod context;
pub mod detect;
mod flow;
mod log;
mod makefile;
mod marker;
mod program;
mod progress;
mod script;
mod visit;

pub use build::{Archives, BuildOutcome, Error, run_build};
pub use context::{BuildContext, DEFAULT_LOG_LIMIT, DEFAULT_TIMEOUT};
pub use program::{Artifacts, CommandLine, OnFailure, Phase, PhaseName, Program, Shell};
pub use progress::{PhaseStatus, Progress};
pub use visit::Visit;
