//! A build's pod as data: what is created, and what its state means.

mod compute;
mod spec;
mod state;

pub use compute::{ComputeType, UnknownComputeType};
pub(crate) use spec::{BUILD, INSTALLATION, pod, secret};
pub use spec::{BuildPodSpec, PullSecret};
pub use state::PodEnd;
pub(crate) use state::{end, silent_node, unschedulable};
