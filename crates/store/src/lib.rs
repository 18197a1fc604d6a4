//! Everything that lasts: rows (SQLite), blobs (a content-addressed folder) and logs (append-only files).
//!
//! **Architecture invariant:** the only crate that names SQL; one file per table. State is rows and
//! blobs: what a function here acknowledged survives `kill -9`.

mod actions;
mod artifacts;
mod blobs;
mod build_cache;
mod build_places;
mod cluster;
mod clusters;
mod db;
mod deliveries;
mod error;
mod events;
mod executions;
mod inbox;
mod kubernetes_inventory;
mod left_apps;
mod logs;
mod phases;
mod project_deletions;
mod projects;
mod pull_tokens;
mod refs;
mod registry;
mod releases;
mod remotes;
mod run_key;
mod scratch;
mod sealed;
mod sessions;
mod signals;
mod tokens;
mod told_statuses;
mod webhook_allows;
mod work;

use std::path::Path;

pub use actions::{ActionRun, RunOutcome};
pub use blobs::{BlobInfo, BlobWriter, Blobs};
pub use build_cache::CachedLayer;
pub use cluster::{
    ClusterAddress, ClusterApply, ClusterHostPort, ClusterKey, ClusterObject, ClusterReplicaSet,
    ClusterSharing,
};
pub use clusters::{ClusterMethod, ClusterRemoval, NewCluster, SealedCredentials, StoredCluster};
pub use deliveries::{
    DeliveryFilter, DeliveryState, NewDelivery, Recorded, Refusal, StoredDelivery,
};
pub use error::StoreError;
pub use events::StoredEvent;
pub use executions::{Execution, ExecutionFilter, NewExecution, RemovedExecution};
pub use kubernetes_inventory::{KubernetesApply, KubernetesObject};
pub use left_apps::{LeftApp, LeftAppFilter};
pub use logs::{LogChunk, LogWriter, Logs};
pub use phases::Phase;
pub use project_deletions::ProjectDeletion;
pub use pull_tokens::{DeployedPull, PullScope};
pub use registry::{Page, StoredManifest};
pub use releases::Release;
pub use remotes::{
    Credential, CredentialKind, Fetched, HookCheck, HookState, NewRemote, Remote, RemoteSecrets,
    new_webhook_secret,
};
pub use sealed::Secret;
pub use sessions::SessionSecret;
pub use signals::{Change, Signals};
pub use told_statuses::StatusToTell;
pub use webhook_allows::{NewWebhookAllow, WebhookAllow};

use db::Db;
use inbox::Inbox;
use sealed::Sealer;

/// The rows of one data folder. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
    signals: Signals,
    sealer: Sealer,
    inbox: Inbox,
}

impl Store {
    /// Opens `towpath.db` in the data folder, makes it when it is not there, and brings its schema up to date;
    /// the key of sealed secrets is `secret.key` beside it.
    pub async fn open(data: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            db: Db::open(&data.join("towpath.db")).await?,
            signals: Signals::default(),
            sealer: Sealer::open(data)?,
            inbox: Inbox::default(),
        })
    }

    /// Hints that something changed. The truth is in the rows.
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.db.ping().await
    }
}
