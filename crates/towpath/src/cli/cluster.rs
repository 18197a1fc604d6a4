use std::path::PathBuf;

use clap::{Args, Subcommand};
use towpath_model::{ClusterName, Namespace};
use url::Url;

use super::ServerOptions;

#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// Adds a Kubernetes cluster to which projects can be deployed.
    Add(ClusterAddOptions),
    /// Lists all clusters.
    List(ServerOptions),
    /// Shows one cluster.
    Show(ClusterOptions),
    /// Asks a cluster whether it can be deployed to: reachable, version, rights that are missing.
    ///
    /// Exit codes: 0 it can, 1 something is missing, 2 it could not be asked.
    Check(ClusterCheckOptions),
    /// Removes a cluster that no project is deployed to. What runs there goes on running.
    Remove(ClusterOptions),
}

#[derive(Debug, Args)]
pub struct ClusterAddOptions {
    pub name: ClusterName,
    #[command(flatten)]
    pub access: ClusterAccess,
    /// Gives a cluster that is there already other credentials.
    #[arg(long)]
    pub replace: bool,
    #[command(flatten)]
    pub server: ServerOptions,
}

/// How the server reaches a cluster, and as whom.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct ClusterAccess {
    /// A kubeconfig; the files it refers to are read now, credential plug-ins are run by the server.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig; by default its current one.
    #[arg(long, requires = "kubeconfig")]
    pub context: Option<String>,
    /// The cluster that the server runs in, as its pod's service account.
    #[arg(long, conflicts_with_all = ["kubeconfig", "api_server"])]
    pub in_cluster: bool,
    /// The URL of the API server, with --token-file.
    #[arg(
        long,
        value_name = "URL",
        requires = "token_file",
        conflicts_with = "kubeconfig"
    )]
    pub api_server: Option<Url>,
    /// A file with the token for the API server.
    #[arg(long, value_name = "FILE", requires = "api_server")]
    pub token_file: Option<PathBuf>,
    /// The API server's certificate authority (PEM); by default the roots of the server's machine.
    #[arg(long, value_name = "FILE", requires = "api_server")]
    pub certificate_authority: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ClusterOptions {
    pub name: ClusterName,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Args)]
pub struct ClusterCheckOptions {
    pub name: ClusterName,
    /// The namespace whose rights are looked at.
    #[arg(long, default_value = "default")]
    pub namespace: Namespace,
    #[command(flatten)]
    pub server: ServerOptions,
}
