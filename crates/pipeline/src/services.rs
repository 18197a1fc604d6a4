use std::path::PathBuf;

use towpath_cluster::Clusters;
use towpath_dockerfile::Builder;
use towpath_git::Repositories;
use towpath_oci::reference::Host as RegistryHost;
use towpath_remote::Hub;
use towpath_sandbox::{Host, Limits};
use towpath_store::{Blobs, Logs, Store};

use crate::kept::KeptSandboxes;
use crate::worker_image::WorkerImage;

/// Everything that actions work with.
#[derive(Clone)]
pub struct Services {
    pub store: Store,
    pub blobs: Blobs,
    pub logs: Logs,
    pub repositories: Repositories,
    pub builder: Builder,
    pub clusters: Clusters,
    /// Where the workers of builds that run elsewhere are expected.
    pub work_hub: Hub,
    pub build_pods: BuildPods,
    pub build_host: BuildHost,
    /// Sandboxes of failed builds.
    pub kept: KeptSandboxes,
    /// The name under which our registry's images are deployed.
    pub registry_host: RegistryHost,
    pub pulling: Pulling,
    /// For links: the server's own URL, without a slash at the end.
    pub public_url: String,
    /// Folder for what running actions need on disk; emptied when a server starts.
    pub work: PathBuf,
}

/// What builds in pods are made from.
#[derive(Clone)]
pub struct BuildPods {
    /// In which commands run when neither the project nor its pipeline names an image.
    pub default_image: String,
    pub worker: WorkerImage,
    /// Beside the well-known ones, in PEM: what the worker has to trust to reach this server.
    pub certificate_authorities: Option<String>,
}

/// How clusters elsewhere get at our registry's images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulling {
    /// The registry's name means this machine, whoever reads it.
    pub only_here: bool,
    /// Reading needs a token.
    pub needs_token: bool,
}

/// Where and with what a build's commands run.
#[derive(Clone)]
pub struct BuildHost {
    /// What the machine allows.
    pub host: Host,
    /// False runs builds as plain processes, because that was asked for.
    pub sandboxed: bool,
    /// Never seen by builds: the server's data, and what else is its own.
    pub hidden: Vec<PathBuf>,
    pub limits: Limits,
    pub path: String,
    pub home: PathBuf,
    pub lang: String,
}
