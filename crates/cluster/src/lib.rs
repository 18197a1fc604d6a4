//! Where apps run: manifests, apply order, inventory and rollouts as data; clusters at the rim.
//!
//! **Architecture invariant:** everything outside of [`local`], [`kubernetes`] and `clusters` is data in, data
//! out. It reads no clock, no file and no row.

mod build_pod;
mod cluster;
mod clusters;
mod error;
pub mod health;
pub mod inventory;
pub mod kubernetes;
pub mod local;
pub mod manifest;
mod object;
pub mod order;
pub mod pod;
pub mod rollout;
pub mod spec;
pub mod status;

pub use build_pod::{BuildPodSpec, ComputeType, PodEnd, PullSecret, UnknownComputeType};
pub use cluster::{AnyCluster, Applied, Cluster, LogChunk, Waited};
pub use clusters::Clusters;
pub use error::ClusterError;
pub use kubernetes::{
    AppChanges, BuildPod, Connection, KubeconfigError, KubernetesCluster, SelfContained,
};
pub use local::{LocalCluster, Parts};
pub use object::{Object, ObjectId, ObjectIdError, is_cluster_scoped};
pub use status::{AppStatus, Health, NotRun, PodPhase, PodStatus, Report, WorkloadKind};
