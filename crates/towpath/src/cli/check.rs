//! `towpath check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use towpath_model::ProjectName;

#[derive(Debug, Args)]
pub struct CheckOptions {
    /// Folders of repositories or of manifests, kustomizations, build files, Dockerfiles, manifests.
    #[arg(default_value = ".", value_name = "FILE|DIR")]
    pub paths: Vec<PathBuf>,
    /// The kind of cluster that the manifests are for.
    #[arg(long = "for", value_enum, value_name = "CLUSTER", default_value_t = Target::Local)]
    pub target: Target,
    /// The project's name, which its image has; by default that of the remote it is pushed to, else the folder's.
    #[arg(long, value_name = "NAME")]
    pub project: Option<ProjectName>,
    /// Prints data as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// Containers on the server's machine: what those do not do is told.
    Local,
    /// Whatever Kubernetes does.
    Kubernetes,
}
