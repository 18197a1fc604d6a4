use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use towpath_cluster::{Clusters, LocalCluster};
use towpath_dockerfile::Builder;
use towpath_forge::sns::Sns;
use towpath_git::{Options as GitOptions, Repositories};
use towpath_model::Outbound;
use towpath_pipeline::kept::KeptSandboxes;
use towpath_pipeline::{
    BuildPods, Collector, CollectorParts, Deletions, DeletionsParts, PullTokens, PullTokensParts,
    Pulling, Remotes, RemotesParts, Services, WorkerImage,
};
use towpath_remote::Hub;
use towpath_sandbox::{Host, InitProgram};
use towpath_store::{Blobs, Logs, Store};
use towpath_web::WebConfig;

use super::builds;
use super::images::ImageParts;
use crate::cli::Isolation;
use crate::server::outbound::outbound;
use crate::server::{Config, DataFolder};

/// The program that builds in pods run, built by this package's build script. Not a `const`: each unit of code that
/// names one has its own copy in the binary.
static WORKER: &[u8] = include_bytes!(env!("TOWPATH_WORKER"));

/// What the loops and the pages are made of.
pub(super) struct Base {
    pub(super) host: Host,
    pub(super) store: Store,
    pub(super) blobs: Blobs,
    pub(super) logs: Logs,
    pub(super) repositories: Repositories,
    pub(super) images: ImageParts,
    pub(super) clusters: Clusters,
    pub(super) work_hub: Hub,
    pub(super) kept: KeptSandboxes,
    pub(super) sns: Arc<Sns>,
    outbound: Outbound,
    work: PathBuf,
}

impl Base {
    pub(super) async fn open(config: &Config, data: &DataFolder, web: &WebConfig) -> Result<Self> {
        let host = detect(config).await?;
        let work = empty_work_folder(&host, data).await?;
        let store = Store::open(data.path()).await?;
        let blobs = Blobs::open(&data.join("blobs"))?;
        let logs = Logs::open(data.join("logs"))?;
        let outbound = outbound(&config.outbound)?;
        let repositories = repositories(data, &store, &blobs, &outbound).await?;
        let images = ImageParts::open(config, data, web, &store, &blobs, &outbound)?;
        let local = match config.local_cluster {
            true => start_cluster(&store, &host, &images, work.join("pods")).await,
            false => Err("it was not asked for".to_owned()),
        };
        Ok(Self {
            host,
            clusters: Clusters::new(store.clone(), local),
            store,
            blobs,
            logs,
            repositories,
            images,
            work_hub: Hub::default(),
            sns: Arc::new(sns(config, &outbound)),
            outbound,
            kept: KeptSandboxes::new(config.keep_failed),
            work,
        })
    }

    /// Everything that actions work with.
    pub(super) fn services(
        &self,
        config: &Config,
        data: &DataFolder,
        web: &WebConfig,
    ) -> Result<Services> {
        Ok(Services {
            store: self.store.clone(),
            blobs: self.blobs.clone(),
            logs: self.logs.clone(),
            repositories: self.repositories.clone(),
            builder: self.builder(),
            clusters: self.clusters.clone(),
            work_hub: self.work_hub.clone(),
            build_pods: self.build_pods(config)?,
            build_host: builds::build_host(config, data, &self.host)?,
            kept: self.kept.clone(),
            registry_host: self.images.registry_host.clone(),
            pulling: pulling(web),
            public_url: web.base_url(),
            work: self.work.join("actions"),
        })
    }

    pub(super) fn pull_tokens(&self, web: &WebConfig) -> PullTokens {
        PullTokens::new(PullTokensParts {
            store: self.store.clone(),
            clusters: self.clusters.clone(),
            registry_host: self.images.registry_host.clone(),
            pulling: pulling(web),
        })
    }

    pub(super) fn collector(&self, config: &Config) -> Collector {
        Collector::new(CollectorParts {
            store: self.store.clone(),
            logs: self.logs.clone(),
            registry: self.images.registry.clone(),
            layers: self.images.layers.clone(),
            cluster: self.clusters.local().ok().cloned(),
            keep_executions: config.keep_executions,
        })
    }

    pub(super) fn remotes(&self, config: &Config, web: &WebConfig) -> Remotes {
        Remotes::new(RemotesParts {
            store: self.store.clone(),
            repositories: self.repositories.clone(),
            base_url: web.base_url(),
            is_public: web.public_url.is_some() || !web.listen.ip().is_loopback(),
            outbound: self.outbound.clone(),
            check_hooks: config.check_webhooks,
        })
    }

    pub(super) fn deletions(&self, remotes: &Remotes) -> Deletions {
        Deletions::new(DeletionsParts {
            store: self.store.clone(),
            logs: self.logs.clone(),
            repositories: self.repositories.clone(),
            clusters: self.clusters.clone(),
            remotes: remotes.clone(),
            kept: self.kept.clone(),
        })
    }

    fn builder(&self) -> Builder {
        Builder {
            store: self.store.clone(),
            host: self.host.clone(),
            images: self.images.images.clone(),
            layers: self.images.layers.clone(),
            work: self.work.join("images"),
        }
    }

    fn build_pods(&self, config: &Config) -> Result<BuildPods> {
        let registry = self.images.registry.clone();
        Ok(BuildPods {
            default_image: config.build.pod_image.clone(),
            worker: WorkerImage::new(registry, self.images.registry_host.clone(), WORKER),
            certificate_authorities: builds::certificate_authorities(config)?,
        })
    }
}

fn pulling(web: &WebConfig) -> Pulling {
    Pulling {
        only_here: web.is_only_here(),
        needs_token: web.reads_need_token(),
    }
}

/// Sandboxes are the default; without them a server starts only when plain processes were asked for.
async fn detect(config: &Config) -> Result<Host> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let host = Host::detect(InitProgram::within(program)).await;
    if let (Err(lack), Isolation::Sandbox) = (host.sandbox(), config.build.isolation) {
        bail!(
            "builds cannot be kept apart from this machine: {lack}; or let builds run as plain processes with --isolation none"
        );
    }
    Ok(host)
}

/// Throws away what a killed server left of its actions and pods.
async fn empty_work_folder(host: &Host, data: &DataFolder) -> Result<PathBuf> {
    let work = data.join("work");
    towpath_sandbox::cleanup(host, &work).await?;
    std::fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
    Ok(work)
}

async fn repositories(
    data: &DataFolder,
    store: &Store,
    blobs: &Blobs,
    outbound: &Outbound,
) -> Result<Repositories> {
    let options = GitOptions {
        search_path: builds::path().into(),
        outbound: outbound.clone(),
        ..GitOptions::default()
    };
    let folder = data.join("repos");
    Ok(Repositories::open(folder, store.clone(), blobs.clone(), options).await?)
}

fn sns(config: &Config, outbound: &Outbound) -> Sns {
    let endpoint = config.outbound.sns_endpoint.as_ref();
    Sns::new(outbound, endpoint.map(|endpoint| endpoint.0.clone()))
}

/// Without it a server is still of use, so that why it is missing is a value.
async fn start_cluster(
    store: &Store,
    host: &Host,
    images: &ImageParts,
    data: PathBuf,
) -> Result<LocalCluster, String> {
    let started = LocalCluster::start(towpath_cluster::Parts {
        store: store.clone(),
        host: host.clone(),
        images: images.images.clone(),
        layers: images.layers.clone(),
        data,
    });
    started.await.map_err(|error| error.to_string())
}
