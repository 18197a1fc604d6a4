//! `towpath run`.

use std::path::PathBuf;

use clap::Args;
use towpath_model::ProjectName;
use towpath_model::pipeline::{ActionName, StageName};

use super::BuildOptions;

#[derive(Debug, Args)]
pub struct RunOptions {
    /// A folder of the repository, or any folder.
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Only this stage, and what it needs of those before it.
    #[arg(long)]
    pub stage: Option<StageName>,
    /// Only the action of this name, and what it needs.
    #[arg(long)]
    pub action: Option<ActionName>,
    /// Deploys too, to a cluster of this command's own that ends with it.
    #[arg(long)]
    pub deploy: bool,
    /// Leaves a shell where a build failed, with its environment and folder.
    #[arg(long)]
    pub shell_on_failure: bool,
    /// Shows the log as it is written.
    #[arg(short, long)]
    pub verbose: bool,
    /// The project's name; by default that of the remote it is pushed to, else the folder's.
    #[arg(long, value_name = "NAME")]
    pub project: Option<ProjectName>,
    /// Where layers and images are kept between runs; by default $XDG_CACHE_HOME/towpath or ~/.cache/towpath.
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    #[command(flatten)]
    pub build: BuildOptions,
}
