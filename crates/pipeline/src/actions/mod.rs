//! What the actions of a stage do. Each takes artifacts in, puts artifacts and variables out, and logs.

mod build;
mod context;
mod deploy;
mod image;
mod keep;
mod log;
mod manifests;
mod phases;
mod pod_build;
mod pulling;
mod source;

use std::collections::BTreeMap;
use std::path::PathBuf;

use towpath_model::pipeline::{Action, ArtifactName, Category};
use towpath_model::{ActionRunKey, Artifact};
use towpath_store::RunOutcome;

use crate::services::Services;
use crate::spares::Spares;
use context::Context;

/// How an attempt ended and what it put out.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) outcome: RunOutcome,
    pub(crate) artifacts: BTreeMap<ArtifactName, Artifact>,
    pub(crate) variables: BTreeMap<String, String>,
}

impl Done {
    pub(crate) fn ended(outcome: RunOutcome) -> Self {
        Self {
            outcome,
            artifacts: BTreeMap::new(),
            variables: BTreeMap::new(),
        }
    }

    fn failed(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::ended(RunOutcome::Failed { reason })
    }

    fn succeeded() -> Self {
        Self::ended(RunOutcome::Succeeded)
    }

    fn with_artifact(mut self, name: ArtifactName, artifact: Artifact) -> Self {
        self.artifacts.insert(name, artifact);
        self
    }

    fn with_variable(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.insert(name.to_owned(), value.to_string());
        self
    }
}

/// Why an attempt could not be carried out.
#[derive(Debug, thiserror::Error)]
enum ActionError {
    /// The user's doing, in one sentence or a line a problem: the action fails by it and nobody else has to act.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Store(#[from] towpath_store::StoreError),
    #[error(transparent)]
    Git(#[from] towpath_git::GitError),
    #[error(transparent)]
    Archive(#[from] towpath_archive::Error),
    #[error(transparent)]
    Build(towpath_runner::Error),
    #[error(transparent)]
    Image(#[from] towpath_dockerfile::BuildError),
    #[error(transparent)]
    Cluster(Box<towpath_cluster::ClusterError>),
    #[error(transparent)]
    Sandbox(#[from] towpath_sandbox::SandboxError),
    #[error(transparent)]
    Workspace(towpath_model::workspace::WorkspaceError),
    /// The place where it ran is gone; another attempt may have more luck.
    #[error("{0}")]
    Lost(String),
    #[error(transparent)]
    Reference(#[from] towpath_oci::reference::ReferenceError),
    #[error("{path}: {source}", path = .path.display())]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{0}")]
    Invalid(String),
}

impl From<towpath_cluster::ClusterError> for ActionError {
    /// Tells the user's doing from ours.
    fn from(error: towpath_cluster::ClusterError) -> Self {
        match error.is_users() {
            true => Self::refused(error),
            false => Self::Cluster(Box::new(error)),
        }
    }
}

impl ActionError {
    /// For problems in the user's files.
    fn refused(problem: impl ToString) -> Self {
        Self::Refused(problem.to_string())
    }

    fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

/// What an action does, by its category, owner and provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Source,
    Build,
    Image,
    Deploy,
}

impl Kind {
    fn of(action: &Action) -> Option<Self> {
        let kind = &action.action_type_id;
        match (kind.category, kind.owner.as_str(), kind.provider.as_str()) {
            (Category::Source, "Towpath", "Git") => Some(Kind::Source),
            (Category::Build, "AWS", "CodeBuild") | (Category::Build, "Towpath", "Shell") => {
                Some(Kind::Build)
            }
            (Category::Build, "Towpath", "Dockerfile") => Some(Kind::Image),
            (Category::Deploy, "Towpath", "Kubernetes") => Some(Kind::Deploy),
            _ => None,
        }
    }
}

/// Carries out one attempt. Dropping the future ends everything it started.
pub(crate) async fn run(services: &Services, spares: &Spares, run: &ActionRunKey) -> Done {
    match attempt(services, spares, run).await {
        Ok(done) => done,
        Err(ActionError::Refused(reason)) => Done::failed(reason),
        Err(ActionError::Lost(reason)) => {
            tracing::warn!(%run, %reason, "an action runs again");
            Done::ended(RunOutcome::Interrupted)
        }
        Err(error) => {
            tracing::error!(%run, %error, "an action could not be carried out");
            Done::failed(format!("Towpath could not carry this out: {error}"))
        }
    }
}

async fn attempt(
    services: &Services,
    spares: &Spares,
    run: &ActionRunKey,
) -> Result<Done, ActionError> {
    let mut context = Context::load(services, spares, run).await?;
    let done = match Kind::of(&context.action) {
        Some(Kind::Source) => source::run(&mut context).await,
        Some(Kind::Build) => build::run(&mut context).await,
        Some(Kind::Image) => image::run(&mut context).await,
        Some(Kind::Deploy) => deploy::run(&mut context).await,
        None => Err(unknown(&context.action)),
    };
    context.close(done).await
}

fn unknown(action: &Action) -> ActionError {
    let kind = &action.action_type_id;
    ActionError::Invalid(format!(
        "action `{}`: {:?}/{}/{} is not an action that is supported",
        action.name, kind.category, kind.owner, kind.provider
    ))
}
