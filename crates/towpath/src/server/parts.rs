//! Opens everything that a server is made of, from the data folder up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use towpath_cluster::{Clusters, LocalCluster};
use towpath_dockerfile::Builder;
use towpath_git::{Options as GitOptions, Repositories};
use towpath_oci::{Host as RegistryHost, Images, LayerStore, Registry, Sources};
use towpath_pipeline::kept::KeptSandboxes;
use towpath_pipeline::{
    BuildHost, BuildPods, Collector, CollectorParts, Deletions, DeletionsParts, Engine, Pulling,
    Remotes, RemotesParts, Services, WorkerImage,
};
use towpath_remote::Hub;
use towpath_sandbox::{Host, InitProgram, Limits};
use towpath_store::{Blobs, Logs, Store};
use towpath_web::{App, WebConfig};

use super::Config;
use super::data::DataFolder;
use crate::cli::Isolation;

/// What a build finds when this program was started without a PATH or LANG.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const LANG: &str = "C.UTF-8";
/// The program that builds in pods run, built by this package's build script.
const WORKER: &[u8] = include_bytes!(env!("TOWPATH_WORKER"));
const BUILD_PIDS: u64 = 8192;

pub struct Parts {
    pub store: Store,
    pub repositories: Repositories,
    pub engine: Engine,
    pub remotes: Remotes,
    pub deletions: Deletions,
    pub collector: Collector,
    pub clusters: Clusters,
    pub work: Hub,
    blobs: Blobs,
    pub logs: Logs,
    /// Sandboxes of failed builds.
    pub kept: KeptSandboxes,
    registry: Registry,
    pub host: Host,
    /// Where a plain user's builds find folders to install packages into.
    pub machine: PathBuf,
}

impl Parts {
    pub async fn open(config: &Config, data: &DataFolder, web: &WebConfig) -> Result<Self> {
        let host = detect(config).await?;
        let work = empty_work_folder(&host, data).await?;
        let store = Store::open(data.path()).await?;
        let blobs = Blobs::open(&data.join("blobs"))?;
        let logs = Logs::open(data.join("logs"))?;
        let git = GitOptions {
            search_path: path().into(),
            ..GitOptions::default()
        };
        let repositories =
            Repositories::open(data.join("repos"), store.clone(), blobs.clone(), git).await?;
        let registry = Registry::new(store.clone(), blobs.clone());
        let registry_host = registry_host(web)?;
        let images = Images::new(registry.clone(), sources(config, &registry_host));
        let layers = LayerStore::open(&data.join("layers"), blobs.clone())
            .with_context(|| data.join("layers").display().to_string())?;
        let cluster = match config.local_cluster {
            true => start_cluster(&store, &host, &images, &layers, work.join("pods")).await,
            false => Err("it was not asked for".to_owned()),
        };
        let clusters = Clusters::new(store.clone(), cluster);
        let work_hub = Hub::default();
        let builder = Builder {
            store: store.clone(),
            host: host.clone(),
            images,
            layers: layers.clone(),
            work: work.join("images"),
        };
        let kept = KeptSandboxes::new(config.keep_failed);
        let services = Services {
            store: store.clone(),
            blobs: blobs.clone(),
            logs: logs.clone(),
            repositories: repositories.clone(),
            builder,
            clusters: clusters.clone(),
            work_hub: work_hub.clone(),
            build_pods: BuildPods {
                default_image: config.build.pod_image.clone(),
                worker: WorkerImage::new(registry.clone(), registry_host.clone(), WORKER),
                certificate_authorities: certificate_authorities(config)?,
            },
            build_host: build_host(config, data, &host)?,
            kept: kept.clone(),
            registry_host,
            pulling: Pulling {
                only_here: web.is_only_here(),
                needs_token: web.reads_need_token(),
            },
            public_url: web.base_url(),
            work: work.join("actions"),
        };
        let collector = Collector::new(CollectorParts {
            store: store.clone(),
            logs: logs.clone(),
            registry: registry.clone(),
            layers,
            cluster: clusters.local().ok().cloned(),
            keep_executions: config.keep_executions,
        });
        let remotes = Remotes::new(RemotesParts {
            store: store.clone(),
            repositories: repositories.clone(),
            base_url: web.base_url(),
            is_public: web.public_url.is_some() || !web.listen.ip().is_loopback(),
        });
        let deletions = Deletions::new(DeletionsParts {
            store: store.clone(),
            logs: logs.clone(),
            repositories: repositories.clone(),
            clusters: clusters.clone(),
            remotes: remotes.clone(),
            kept: kept.clone(),
        });
        Ok(Self {
            store,
            repositories,
            engine: Engine::new(services),
            remotes,
            deletions,
            collector,
            clusters,
            work: work_hub,
            blobs,
            logs,
            kept,
            registry,
            host,
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
            work: self.work.clone(),
            config,
        })
    }

    pub fn notes(&self) -> Vec<String> {
        let lacks = self.host.notes().iter().map(ToString::to_string);
        let cluster = self.clusters.local().err();
        lacks
            .chain(cluster.map(|why| format!("no local cluster: {why}")))
            .collect()
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

fn registry_host(web: &WebConfig) -> Result<RegistryHost> {
    let url = web.base_url();
    let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host);
    Ok(host.parse()?)
}

fn sources(config: &Config, own: &RegistryHost) -> Sources {
    let mirrors = config.build.registry_mirror.iter();
    Sources {
        own_hosts: BTreeSet::from([own.clone()]),
        mirrors: mirrors
            .map(|mirror| (mirror.of.clone(), mirror.clone()))
            .collect(),
        credentials: BTreeMap::new(),
    }
}

async fn start_cluster(
    store: &Store,
    host: &Host,
    images: &Images,
    layers: &LayerStore,
    data: PathBuf,
) -> Result<LocalCluster, String> {
    let started = LocalCluster::start(towpath_cluster::Parts {
        store: store.clone(),
        host: host.clone(),
        images: images.clone(),
        layers: layers.clone(),
        data,
    });
    started.await.map_err(|error| error.to_string())
}

fn build_host(config: &Config, data: &DataFolder, host: &Host) -> Result<BuildHost> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut hidden = vec![data.path().to_owned()];
    hidden.extend(config.token_file.clone());
    hidden.extend(config.tls.iter().map(|tls| tls.key.clone()));
    Ok(BuildHost {
        host: host.clone(),
        sandboxed: config.build.isolation == Isolation::Sandbox,
        hidden,
        limits: limits(config),
        path: path(),
        home: std::env::home_dir().context("this user has no home folder: set HOME")?,
        lang: variable("LANG").unwrap_or_else(|| LANG.to_owned()),
    })
}

/// A worker elsewhere does not know a certificate that nobody well-known has signed.
fn certificate_authorities(config: &Config) -> Result<Option<String>> {
    let own = config.tls.iter().map(|tls| &tls.cert);
    let files: Vec<&PathBuf> = own.chain(&config.public_ca).collect();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the certificate {}", path.display()))?;
        ensure!(
            text.contains("-----BEGIN CERTIFICATE-----"),
            "{} holds no certificate in PEM",
            path.display()
        );
        Ok(text)
    };
    let texts: Vec<String> = files.into_iter().map(read).collect::<Result<_>>()?;
    Ok(Some(texts.join("\n")).filter(|text| !text.is_empty()))
}

/// Memory leaves an eighth of the machine to the server and its pods. Processes are enough for any compiler
/// and too few for a fork bomb to hurt.
fn limits(config: &Config) -> Limits {
    let memory = config.build.build_memory.map(|memory| memory.0);
    Limits {
        memory: memory.or_else(|| machine_memory().map(|bytes| bytes / 8 * 7)),
        pids: Some(BUILD_PIDS),
        cpu_millis: config.build.build_cpus.map(|cpus| cpus.millis),
    }
}

/// In bytes (proc(5), `MemTotal`).
fn machine_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn path() -> String {
    let path = std::env::var("PATH").ok().filter(|path| !path.is_empty());
    path.unwrap_or_else(|| PATH.to_owned())
}
