//! Real parts for tests, in temporary folders, and the one way to wait.

mod certificate;
mod eventually;
#[cfg(feature = "images")]
mod images;
mod init_program;
mod kube;
mod prebuilt;
mod probes;
#[cfg(feature = "images")]
mod registry_server;
mod require;
mod server;
mod work_tree;
mod worker_program;
pub mod workspace_suite;

pub use certificate::{certificate, certificate_with};
pub use eventually::{eventually, eventually_async, eventually_within};
#[cfg(feature = "images")]
pub use images::{busybox_entries, busybox_image};
pub use init_program::init_program;
pub use kube::{Kube, KubeNamespace, PlayedImage, kube};
pub use probes::{answers, visitor};
#[cfg(feature = "images")]
pub use registry_server::RegistryServer;
pub use require::require;
pub use server::TowpathServer;
pub use work_tree::WorkTree;
pub use worker_program::worker_program;
