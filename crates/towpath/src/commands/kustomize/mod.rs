//! `towpath kustomize`: the rim around the crate that builds. It reads files, fetches and prints.

mod build;
mod edit;
mod gather;
mod git_url;
mod helm;
mod image_argument;
mod paths;
mod remote;
mod scratch;
mod tree;
mod why;

use towpath_model::Diagnostics;

pub use build::explained;
pub use gather::{Gathered, NAMES, gather};
pub use paths::shown;

use crate::cli::kustomize::KustomizeCommand;
use crate::exit::Verdict;
use crate::output;

pub fn run(command: KustomizeCommand) -> Verdict {
    let done = match command {
        KustomizeCommand::Build(options) => build::run(&options),
        KustomizeCommand::Edit(command) => edit::run(&command),
        KustomizeCommand::Tree(options) => tree::run(&options),
    };
    done.unwrap_or_else(|error| failed(&error))
}

/// As upstream's program: what was wrong on stderr, and 1.
fn failed(error: &anyhow::Error) -> Verdict {
    match error.downcast_ref::<Diagnostics>() {
        Some(Diagnostics(all)) => {
            for one in all {
                eprintln!("{} {one}", output::error_label());
            }
        }
        None => eprintln!("{} {error:#}", output::error_label()),
    }
    Verdict::Problems
}
