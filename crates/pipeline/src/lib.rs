//! From an event to a finished execution: plan, engine and the actions that stages are made of.
//!
//! The decisions are pure (`plan`, `decide`, `view`); the engine reads rows, asks, and does one step at a time.

mod actions;
mod decide;
mod deletions;
mod engine;
mod error;
pub mod kept;
pub mod plan;
mod pod_job;
mod project_tasks;
mod pull_tokens;
mod remotes;
mod retention;
mod services;
mod spares;
pub mod view;
mod worker_image;

pub use deletions::{Deletions, DeletionsParts};
pub use engine::Engine;
pub use error::PipelineError;
pub use pull_tokens::{PullTokens, PullTokensParts};
pub use remotes::{Remotes, RemotesParts};
pub use retention::{Collected, Collector, CollectorParts};
pub use services::{BuildHost, BuildPods, Pulling, Services};
pub use worker_image::WorkerImage;
