use towpath_cluster::PodEnd;
use towpath_model::workspace::WorkspaceError;
use towpath_remote::RemoteWorkspace;
use towpath_runner::{BuildContext, Program, Visit};
use towpath_sandbox::{PlainWorkspace, SandboxError, SandboxWorkspace};

use crate::pod_job::PodJob;

/// Where a build ran.
pub(crate) enum Place {
    Sandboxed(SandboxWorkspace),
    Plain(PlainWorkspace),
    InPod(PodPlace),
}

/// A pod whose worker is connected. Dropping it ends both, the worker first.
pub(crate) struct PodPlace {
    pub(crate) workspace: RemoteWorkspace,
    pub(crate) job: PodJob,
}

impl Place {
    pub(crate) async fn close(self) -> Result<(), SandboxError> {
        match self {
            Place::Sandboxed(workspace) => workspace.close().await,
            Place::Plain(workspace) => workspace.close().await,
            Place::InPod(PodPlace { workspace, job }) => {
                drop(workspace);
                job.end().await;
                Ok(())
            }
        }
    }

    pub(crate) async fn prepare_visit(
        &self,
        program: &Program,
        context: &BuildContext,
    ) -> Result<Visit, WorkspaceError> {
        match self {
            Place::Sandboxed(workspace) => Visit::prepare(workspace, program, context).await,
            Place::Plain(workspace) => Visit::prepare(workspace, program, context).await,
            Place::InPod(place) => {
                let visit = Visit::prepare(&place.workspace, program, context).await?;
                let kept = place.job.outlive_its_attempt().await;
                kept.map_err(|error| WorkspaceError::Failed(error.to_string()))?;
                Ok(visit)
            }
        }
    }

    /// Waits until the place is lost without our doing, and tells why; `None` when it cannot be. Whoever is in it
    /// then is told the same. Keeps nothing alive.
    pub(super) fn lost(&self) -> Option<impl Future<Output = String> + Send + use<>> {
        let Place::InPod(place) = self else {
            return None;
        };
        let (work, pod) = (place.workspace.handle(), place.job.pod.clone());
        Some(async move {
            let mut ignore = |_: String| {};
            tokio::select! {
                why = work.ended() => why,
                PodEnd::Failed(why) | PodEnd::Lost(why) = pod.ended(&mut ignore) => {
                    work.end(&why);
                    why
                }
            }
        })
    }
}
