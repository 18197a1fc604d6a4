//! Everything that goes beyond one module: whole manifests, whole rollouts, real pods.

// Helpers of tests may unwrap, and say what they skip.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod conformance;
mod kubernetes;
mod manifests;
mod net;
mod plain_user;
mod pods;
mod rollout;
mod specs;
