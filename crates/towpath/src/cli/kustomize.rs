use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum KustomizeCommand {
    /// Prints the manifests of a folder with a kustomization.
    Build(KustomizeBuildOptions),
}

#[derive(Debug, Args)]
pub struct KustomizeBuildOptions {
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
    /// Writes here instead; into a folder, one file for each object.
    #[arg(short, long, value_name = "FILE|DIR")]
    pub output: Option<PathBuf>,
    /// Which files a kustomization may name.
    #[arg(long, value_enum, default_value_t = Restrictor::RootOnly)]
    pub load_restrictor: Restrictor,
    /// The order of the objects when the kustomization has no `sortOptions` (deprecated).
    #[arg(long, value_enum, default_value_t = Order::Legacy)]
    pub reorder: Order,
    /// Labels all objects with app.kubernetes.io/managed-by (deprecated: `buildMetadata`).
    #[arg(long)]
    pub enable_managedby_label: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Restrictor {
    /// Those in or below its own folder.
    #[value(name = "LoadRestrictionsRootOnly")]
    RootOnly,
    /// Any.
    #[value(name = "LoadRestrictionsNone")]
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// By kind.
    Legacy,
    /// As they were read.
    None,
}
