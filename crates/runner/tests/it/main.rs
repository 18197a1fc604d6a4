//! Builds that run for real: real shells, real files.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod buildspecs;
mod cancel;
mod cases;
mod limits;
mod place;
mod sandboxed;
mod semantics;
mod shell_builds;
