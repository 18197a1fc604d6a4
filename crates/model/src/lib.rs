//! The nouns of Towpath and the rules that need nothing but data.
//!
//! **Architecture invariant:** no I/O, no async runtime, no SQL and no HTTP here. Everything can be
//! tested by calling it.

mod artifact;
mod checked_text;
mod diagnostic;
mod digest;
mod event;
mod execution;
mod git;
mod name;
mod outbound;
mod outcome;
pub mod pipeline;
mod project;
mod provider;
mod remote;
mod time;
mod topic;
pub mod workspace;

pub use artifact::Artifact;
pub use diagnostic::{Diagnostic, Diagnostics, Location};
pub use digest::{Digest, DigestError, Hasher};
pub use event::{Event, RefUpdated, StartRequested};
pub use execution::{ActionKey, ActionRunKey, ExecutionKey, ExecutionNumber, Status, Trigger};
pub use git::{CommitId, RefName};
pub use name::{ClusterName, NameError, Namespace, ProjectName, SecretName, SecretNameError};
pub use outbound::Outbound;
pub use outcome::Outcome;
pub use project::{BuildPlace, Project};
pub use provider::{Provider, ProviderError};
pub use remote::{RemoteUrl, RemoteUrlError, RepositoryKey};
pub use time::Timestamp;
pub use topic::{TopicArn, TopicArnError};
