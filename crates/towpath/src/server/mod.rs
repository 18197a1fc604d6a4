//! Wires a server together: opens what lasts, starts the loops, listens.

mod config;
mod data;
mod loops;
mod outbound;
mod parts;
mod token;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use towpath_cluster::Cluster;
use towpath_model::{ClusterName, ProjectName};
use towpath_web::WebConfig;
use url::Url;

pub use config::Config;
pub use data::DataFolder;
pub use parts::Parts;

/// How long pods may take to end when the server does.
const GRACE: Duration = Duration::from_secs(5);

/// A server that runs in this process.
pub struct Server {
    url: Url,
    admin_token: Option<String>,
    token_file: Option<PathBuf>,
    parts: Parts,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
    /// Locked as long as this is here.
    _data: DataFolder,
}

/// Starts a server. What it says when it cannot is for people.
pub async fn start(config: Config) -> Result<Server> {
    let data = DataFolder::open(&config.data)?;
    let listener = listen(&config)?;
    let web = web_config(&config, &listener)?;
    let url = Url::parse(&web.base_url())?;
    let parts = Parts::open(&config, &data, &web).await?;
    let admin_token = token::ensure(&parts.store, &config).await?;
    let shutdown = CancellationToken::new();
    let tasks = loops::start(&parts, listener, web, &shutdown);
    Ok(Server {
        url,
        admin_token,
        token_file: config.token_file,
        parts,
        shutdown,
        tasks,
        _data: data,
    })
}

impl Server {
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The admin token, when this start made it.
    pub fn admin_token(&self) -> Option<&str> {
        self.admin_token.as_deref()
    }

    pub fn token_file(&self) -> Option<&Path> {
        self.token_file.as_deref()
    }

    /// Removes everything that a project has in a cluster, and gives the number of objects.
    pub async fn undeploy(&self, cluster: &ClusterName, project: &ProjectName) -> Result<usize> {
        let cluster = self.parts.clusters.get(cluster).await?;
        Ok(cluster.delete(project).await?.len())
    }

    /// What the machine lacks, for the operator.
    pub fn notes(&self) -> Vec<String> {
        self.parts.notes()
    }

    /// Comes only when the server cannot go on; its log says why.
    pub async fn failed(&self) {
        self.shutdown.cancelled().await;
    }

    /// Ends the loops, then the pods. Actions that still run do so again at the next start.
    pub async fn shutdown(mut self) {
        self.shutdown.cancel();
        while self.tasks.join_next().await.is_some() {}
        self.end_kept().await;
        if let Ok(cluster) = self.parts.clusters.local() {
            cluster.shutdown(GRACE).await;
        }
    }

    /// Pods that are left in a cluster that does not answer go at the next start.
    async fn end_kept(&self) {
        if timeout(GRACE, self.parts.kept.close()).await.is_err() {
            tracing::warn!("what was kept of failed builds may be left in its cluster");
        }
    }
}

/// Waits until somebody wants this program to end: Ctrl-C or SIGTERM.
pub async fn interrupted() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => Ok(result?),
        _ = terminate.recv() => Ok(()),
    }
}

fn listen(config: &Config) -> Result<TcpListener> {
    TcpListener::bind(config.listen).with_context(|| {
        format!(
            "cannot listen on {}: is another server there? Choose another address with --listen (port 0 picks a free one)",
            config.listen
        )
    })
}

fn web_config(config: &Config, listener: &TcpListener) -> Result<WebConfig> {
    let web = WebConfig {
        listen: listener.local_addr()?,
        public_url: config.public_url.clone(),
        behind_proxy: config.behind_proxy,
        tls: config.tls.clone(),
    };
    web.check()?;
    Ok(web)
}
