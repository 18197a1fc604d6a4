//! Opens everything that a server is made of, from the data folder up.

mod base;
mod builds;
mod images;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use towpath_cluster::Clusters;
use towpath_forge::sns::Sns;
use towpath_git::Repositories;
use towpath_oci::Registry;
use towpath_pipeline::kept::KeptSandboxes;
use towpath_pipeline::{Collector, Deletions, Engine, PullTokens, Remotes};
use towpath_remote::Hub;
use towpath_sandbox::Host;
use towpath_store::{Blobs, Logs, Store};
use towpath_web::{App, WebConfig};

use self::base::Base;
use super::Config;
use super::data::DataFolder;

pub struct Parts {
    pub store: Store,
    pub repositories: Repositories,
    pub engine: Engine,
    pub remotes: Remotes,
    pub deletions: Deletions,
    pub pull_tokens: PullTokens,
    pub collector: Collector,
    pub clusters: Clusters,
    pub work: Hub,
    blobs: Blobs,
    pub logs: Logs,
    /// Sandboxes of failed builds.
    pub kept: KeptSandboxes,
    sns: Arc<Sns>,
    registry: Registry,
    pub host: Host,
    /// Where a plain user's builds find folders to install packages into.
    pub machine: PathBuf,
}

impl Parts {
    pub async fn open(config: &Config, data: &DataFolder, web: &WebConfig) -> Result<Self> {
        let base = Base::open(config, data, web).await?;
        let remotes = base.remotes(config, web);
        Ok(Self {
            engine: Engine::new(base.services(config, data, web)?),
            deletions: base.deletions(&remotes),
            pull_tokens: base.pull_tokens(web),
            collector: base.collector(config),
            remotes,
            store: base.store,
            repositories: base.repositories,
            clusters: base.clusters,
            work: base.work_hub,
            blobs: base.blobs,
            logs: base.logs,
            kept: base.kept,
            sns: base.sns,
            registry: base.images.registry,
            host: base.host,
            machine: data.join("machine"),
        })
    }

    /// What the pages and the API serve from.
    pub fn app(&self, config: WebConfig) -> App {
        App::new(towpath_web::Parts {
            store: self.store.clone(),
            blobs: self.blobs.clone(),
            logs: self.logs.clone(),
            registry: self.registry.clone(),
            repositories: self.repositories.clone(),
            clusters: self.clusters.clone(),
            kept: self.kept.clone(),
            collector: self.collector.clone(),
            remotes: self.remotes.clone(),
            sns: Arc::clone(&self.sns),
            work: self.work.clone(),
            config,
        })
    }

    /// What this server lacks, for its operator.
    pub fn notes(&self) -> Vec<String> {
        let lacks = self.host.notes().iter().map(ToString::to_string);
        let cluster = self.clusters.local().err();
        lacks
            .chain(cluster.map(|why| format!("no local cluster: {why}")))
            .collect()
    }
}
