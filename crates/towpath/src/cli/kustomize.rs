//! `towpath kustomize`: the flags are those of upstream's program.

mod edit;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use towpath_kustomize::{LoadRestrictor, Options, Reorder};

pub use edit::*;

#[derive(Debug, Subcommand)]
pub enum KustomizeCommand {
    /// Builds a kustomization and prints its manifests, as kustomize 5.8.1 does.
    Build(Box<KustomizeBuildOptions>),
    /// Changes a kustomization file and keeps its comments and its layout.
    #[command(subcommand)]
    Edit(EditCommand),
    /// Shows what includes what, and with --why where a field of the output comes from.
    Tree(KustomizeTreeOptions),
}

#[derive(Debug, Args)]
pub struct KustomizeBuildOptions {
    /// The folder with the kustomization, or the URL of a git repository with one.
    #[arg(default_value = ".")]
    pub dir: String,
    /// Writes here instead: into a file, or, when it is a folder, one file an object.
    #[arg(short, long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub rules: RuleOptions,
    #[command(flatten)]
    pub helm: HelmOptions,
    #[command(flatten)]
    pub functions: FunctionOptions,
}

#[derive(Debug, Clone, Args)]
pub struct RuleOptions {
    /// Whether a kustomization may name files outside of its own folder.
    #[arg(long, value_enum, default_value_t = Restrictor::RootOnly)]
    pub load_restrictor: Restrictor,
    /// Deprecated: use `sortOptions` in the kustomization.
    #[arg(long, value_enum)]
    pub reorder: Option<Order>,
    /// Deprecated: use `managedByLabel` in `buildMetadata`.
    #[arg(long)]
    pub enable_managedby_label: bool,
}

impl RuleOptions {
    /// What the library is told.
    pub fn options(&self) -> Options {
        Options {
            load_restrictor: match self.load_restrictor {
                Restrictor::RootOnly => LoadRestrictor::RootOnly,
                Restrictor::None => LoadRestrictor::None,
            },
            reorder: match self.reorder {
                Some(Order::None) => Reorder::None,
                Some(Order::Legacy) | None => Reorder::Legacy,
            },
            managed_by_label: self.enable_managedby_label,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Restrictor {
    #[value(name = "LoadRestrictionsRootOnly", alias = "rootOnly")]
    RootOnly,
    #[value(name = "LoadRestrictionsNone", alias = "none")]
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// By kind: namespaces first, webhooks last.
    Legacy,
    /// As they were read.
    None,
}

#[derive(Debug, Args)]
pub struct HelmOptions {
    /// Renders `helmCharts` with the program helm.
    #[arg(long)]
    pub enable_helm: bool,
    /// The program.
    #[arg(long, value_name = "PROGRAM", default_value = "helm")]
    pub helm_command: String,
    /// API versions that charts see as the cluster's. Repeatable.
    #[arg(long, value_name = "VERSION")]
    pub helm_api_versions: Vec<String>,
    /// The Kubernetes version that charts see as the cluster's.
    #[arg(long, value_name = "VERSION")]
    pub helm_kube_version: Option<String>,
    /// Lets helm print what it does.
    #[arg(long)]
    pub helm_debug: bool,
}

/// Accepted as upstream's program does; a kustomization that needs a function or a plugin is refused.
#[derive(Debug, Args)]
pub struct FunctionOptions {
    #[arg(long, hide_short_help = true)]
    pub enable_alpha_plugins: bool,
    #[arg(long, hide_short_help = true)]
    pub enable_exec: bool,
    #[arg(long, hide_short_help = true)]
    pub as_current_user: bool,
    #[arg(short, long, hide_short_help = true)]
    pub env: Vec<String>,
    #[arg(long, hide_short_help = true)]
    pub mount: Vec<String>,
    #[arg(long, hide_short_help = true)]
    pub network: bool,
    #[arg(long, hide_short_help = true, default_value = "bridge")]
    pub network_name: String,
}

#[derive(Debug, Args)]
pub struct KustomizeTreeOptions {
    /// The folder with the kustomization.
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Where this field of the output comes from, such as Deployment/web spec.replicas.
    #[arg(long, num_args = 2, value_names = ["KIND/NAME", "FIELD.PATH"])]
    pub why: Option<Vec<String>>,
    #[command(flatten)]
    pub rules: RuleOptions,
}
