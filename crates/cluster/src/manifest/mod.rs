//! From the files of a repository to the objects of a release. Pure.

mod kustomization;
mod parse;
mod pin;
mod place;
mod pull_secret;
mod render;

pub use kustomization::is_kustomization;
pub use parse::{parse, parse_files};
pub use pin::{PinError, pin_images};
pub(crate) use place::bare_namespace;
pub use place::place;
pub(crate) use pull_secret::docker_config;
pub use pull_secret::{add_pull_secret, pull_secret, use_pull_secret};
pub use render::{to_json, to_yaml};
