use std::collections::BTreeMap;
use std::path::PathBuf;

use tokio::runtime::Handle;
use towpath_model::pipeline::{Action, ArtifactName};
use towpath_model::{ActionRunKey, Artifact, Project};
use towpath_sandbox::Host;
use towpath_store::{Execution, RunOutcome};

use super::log::ActionLog;
use super::phases::Phases;
use super::{ActionError, Done};
use crate::services::Services;
use crate::spares::Spares;

/// All that an action is given.
pub(super) struct Context<'s> {
    pub(super) services: &'s Services,
    pub(super) spares: &'s Spares,
    pub(super) run: ActionRunKey,
    pub(super) execution: Execution,
    pub(super) project: Project,
    pub(super) action: Action,
    /// What the execution's actions have put out so far.
    pub(super) artifacts: BTreeMap<ArtifactName, Artifact>,
    pub(super) log: ActionLog,
    pub(super) phases: Phases,
    folder: PathBuf,
}

impl<'s> Context<'s> {
    pub(super) async fn load(
        services: &'s Services,
        spares: &'s Spares,
        run: &ActionRunKey,
    ) -> Result<Self, ActionError> {
        let key = &run.action.execution;
        let gone = || ActionError::Invalid(format!("{key} is gone"));
        let execution = services.store.execution(key).await?.ok_or_else(gone)?;
        let project = services
            .store
            .project(&key.project)
            .await?
            .ok_or_else(gone)?;
        let action = find_action(&execution, run).ok_or_else(gone)?.clone();
        Ok(Self {
            services,
            spares,
            artifacts: services.store.artifacts(key).await?,
            log: ActionLog::new(services.logs.writer(run)?),
            phases: Phases::new(services.store.clone(), run.clone()),
            folder: services.work.join(folder_name(run)),
            run: run.clone(),
            execution,
            project,
            action,
        })
    }

    /// The artifact of this name, when an earlier action put it out.
    pub(super) fn input(&self, name: &str) -> Option<Artifact> {
        let declared = self
            .action
            .input_artifacts
            .iter()
            .find(|input| input.name.as_str() == name)?;
        self.artifacts.get(&declared.name).copied()
    }

    /// [`Context::input`] that must be there.
    pub(super) fn required_input(&self, name: &str) -> Result<Artifact, ActionError> {
        self.input(name).ok_or_else(|| {
            ActionError::Invalid(format!(
                "input artifact {name} was not put out by an earlier action"
            ))
        })
    }

    /// The name under which this action's one output artifact is known.
    pub(super) fn output(&self) -> Option<&ArtifactName> {
        self.action
            .output_artifacts
            .first()
            .map(|output| &output.name)
    }

    /// A file on disk with the artifact's zip.
    pub(super) async fn file(&self, artifact: &Artifact) -> Result<PathBuf, ActionError> {
        Ok(self.services.blobs.file(&artifact.digest).await?)
    }

    /// A folder of this attempt's own, made at the first call and removed at the end.
    pub(super) fn folder(&self) -> Result<PathBuf, ActionError> {
        std::fs::create_dir_all(&self.folder).map_err(ActionError::io(&self.folder))?;
        Ok(self.folder.clone())
    }

    /// Where a workspace of this attempt has its files. It removes them itself, since it may stay longer.
    pub(super) fn workspace_folder(&self) -> PathBuf {
        let name = format!("{}.workspace", folder_name(&self.run));
        self.services.work.join(name)
    }

    /// Writes the failure into the log and says when the log is not whole.
    pub(super) async fn close(
        mut self,
        done: Result<Done, ActionError>,
    ) -> Result<Done, ActionError> {
        let failed = match &done {
            Ok(done) => match &done.outcome {
                RunOutcome::Failed { reason } => Some(reason.clone()),
                _ => None,
            },
            Err(error) => Some(error.to_string()),
        };
        self.phases.close(failed.is_none()).await?;
        if let Some(reason) = failed {
            self.log.line(format!("\x1b[1;31mFailed:\x1b[0m {reason}"));
        }
        match self.log.take_error() {
            Some(error) => Err(error.into()),
            None => done,
        }
    }
}

impl Drop for Context<'_> {
    /// A cancelled action leaves only here.
    fn drop(&mut self) {
        if let (true, Ok(runtime)) = (self.folder.exists(), Handle::try_current()) {
            runtime.spawn(remove(
                self.services.build_host.host.clone(),
                self.folder.clone(),
            ));
        }
    }
}

/// What cannot be removed now goes when the next server starts.
async fn remove(host: Host, folder: PathBuf) {
    if let Err(error) = towpath_sandbox::remove_tree(&host, &folder).await
        && folder.exists()
    {
        tracing::warn!(folder = %folder.display(), %error, "cannot remove an action's folder");
    }
}

fn find_action<'e>(execution: &'e Execution, run: &ActionRunKey) -> Option<&'e Action> {
    let pipeline = execution.pipeline.as_ref()?;
    let stage = pipeline
        .stages
        .iter()
        .find(|stage| stage.name == run.action.stage)?;
    stage
        .actions
        .iter()
        .find(|action| action.name == run.action.action)
}

fn folder_name(run: &ActionRunKey) -> String {
    let execution = &run.action.execution;
    format!(
        "{}.{}.{}.{}.{}",
        execution.project, execution.number, run.action.stage, run.action.action, run.attempt
    )
}
