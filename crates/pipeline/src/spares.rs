use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinHandle;
use towpath_model::ExecutionKey;
use towpath_model::pipeline::{Action, Category, Pipeline};
use towpath_sandbox::{Network, SandboxError, SandboxWorkspace, WorkspaceSpec};

use crate::services::Services;

/// Sandboxes that wait at one time; builds beyond them set up their own.
const MOST: usize = 4;

type SettingUp = JoinHandle<Result<SandboxWorkspace, SandboxError>>;

/// Sandboxes that are set up while the source of their execution is zipped: neither needs the other, and a
/// developer waits for both. Not earlier than that: a sandbox shows the machine as it was when it began.
#[derive(Clone, Default)]
pub(crate) struct Spares(Arc<Mutex<HashMap<ExecutionKey, SettingUp>>>);

impl Spares {
    /// Begins to set one up when the execution is going to want it.
    pub(crate) fn prepare(&self, services: &Services, key: &ExecutionKey, pipeline: &Pipeline) {
        let mut waiting = self.waiting();
        if !services.build_host.sandboxed || !builds(pipeline) || waiting.len() >= MOST {
            return;
        }
        let host = services.build_host.host.clone();
        let folder = format!("{}.{}.spare", key.project, key.number);
        let spec = workspace_spec(services, services.work.join(folder));
        let setting_up = tokio::spawn(async move { SandboxWorkspace::start(&host, spec).await });
        waiting.insert(key.clone(), setting_up);
    }

    /// The execution's sandbox, once. None when there is none, or when it could not be set up: whoever then
    /// sets up another one learns why.
    pub(crate) async fn take(&self, key: &ExecutionKey) -> Option<SandboxWorkspace> {
        let setting_up = self.waiting().remove(key)?;
        match setting_up.await {
            Ok(Ok(workspace)) => Some(workspace),
            Ok(Err(error)) => {
                tracing::warn!(%key, %error, "cannot set up a sandbox ahead of its build");
                None
            }
            Err(error) => {
                tracing::error!(%key, %error, "setting up a sandbox");
                None
            }
        }
    }

    /// Takes down what no build came for.
    pub(crate) fn discard(&self, key: &ExecutionKey) {
        // Its task ends by itself; what that gives is dropped, which takes the sandbox down.
        drop(self.waiting().remove(key));
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<ExecutionKey, SettingUp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A build's sandbox with its files in `work`.
pub(crate) fn workspace_spec(services: &Services, work: std::path::PathBuf) -> WorkspaceSpec {
    let host = &services.build_host;
    WorkspaceSpec {
        work,
        home: host.home.clone(),
        hide: host.hidden.clone(),
        limits: host.limits,
        network: Network::Host,
    }
}

fn builds(pipeline: &Pipeline) -> bool {
    let mut actions = pipeline.stages.iter().flat_map(|stage| &stage.actions);
    actions.any(runs_commands)
}

fn runs_commands(action: &Action) -> bool {
    let kind = &action.action_type_id;
    kind.category == Category::Build && matches!(kind.provider.as_str(), "CodeBuild" | "Shell")
}
