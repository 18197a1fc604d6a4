//! Real parts for tests, in temporary folders, and the one way to wait.

mod certificate;
mod eventually;
mod free_port;
#[cfg(feature = "images")]
mod images;
mod kube;
mod prebuilt;
mod probes;
mod programs;
#[cfg(feature = "images")]
mod registry_server;
mod require;
mod server;
mod work_tree;
pub mod workspace_suite;

pub use certificate::{Authority, certificate, certificate_with};
pub use eventually::{eventually, eventually_async, eventually_none, eventually_within};
pub use free_port::free_port;
#[cfg(feature = "images")]
pub use images::{busybox_entries, busybox_image};
pub use kube::{Kube, KubeNamespace, PlayedImage, kube};
pub use probes::{answers, visitor};
pub use programs::{init_program, worker_program};
#[cfg(feature = "images")]
pub use registry_server::RegistryServer;
pub use require::require;
pub use server::TowpathServer;
pub use work_tree::WorkTree;
