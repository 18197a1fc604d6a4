//! The JSON of the API, for the server and for clients written in Rust. It lives at the edge: nothing
//! inside is built on these types.

mod app;
mod build_place;
mod cluster;
mod deletion;
mod deliveries;
mod exec;
mod executions;
mod left_apps;
mod projects;
mod remotes;
mod retention;
mod webhook_allows;

pub use app::{
    AppDocument, ContainerDocument, ContainerStateDocument, DeploymentDocument, NotRunDocument,
    PodDocument, PortDocument, ServiceDocument,
};
pub use build_place::BuildPlaceDocument;
pub use cluster::{ClusterCheckDocument, ClusterDocument, ClusterList, NewCluster, NewConnection};
pub use deletion::DeletionDocument;
pub use deliveries::{DeliveryDocument, DeliveryList};
pub use exec::{ExecControl, ExecEnd, ExecStart, ExecTerminal};
pub use executions::{
    ActionDocument, ArtifactDocument, ExecutionDocument, ExecutionList, ExecutionSummary,
    PhaseDocument, ReleaseDocument, StageDocument, StartExecution, StartedExecution,
};
pub use left_apps::{LeftAppDocument, LeftAppList};
pub(crate) use projects::branch;
pub use projects::{NewProject, ProjectDocument, ProjectList};
pub use remotes::{NewRemoteDocument, RemoteDocument, WebhookDocument};
pub use retention::CollectedDocument;
pub use webhook_allows::{AllowDocument, AllowList, NewAllowDocument};
