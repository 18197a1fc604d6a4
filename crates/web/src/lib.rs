//! What the server says over HTTP: pages, API, and the doors of git and of the registry.
//!
//! **Architecture invariant:** the only crate that names axum. Wire types live here and die here. Who may
//! do what is decided once, in `auth`, before any handler runs.

pub mod api;
mod app;
mod assets;
mod auth;
mod change;
mod clock;
mod cluster_looks;
mod config;
mod headers;
mod log;
mod moves;
mod query;
mod remotes;
mod router;
mod server;
mod ui;
mod webhooks;
mod work;

pub use app::{App, Parts};
pub use config::{ConfigError, TlsConfig, WebConfig};
pub use router::router;
pub use server::{ServeError, serve};
