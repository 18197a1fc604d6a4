//! A build in a pod of a cluster.

use std::time::Duration;

use tokio::time::timeout;
use towpath_cluster::{AnyCluster, BuildPod, BuildPodSpec, ComputeType, KubernetesCluster, PodEnd};
use towpath_model::BuildPlace;
use towpath_model::workspace::WorkspaceError;
use towpath_remote::{JobId, RemoteWorkspace, Work};
use towpath_runner::{Archives, BuildContext, BuildOutcome, Program};
use towpath_store::Secret;

use super::build::{build_context, in_workspace};
use super::context::Context;
use super::keep::close_or_keep;
use super::{ActionError, pulling};
use crate::engine::now;
use crate::kept::{Place, PodPlace};
use crate::pod_job::{self, PodJob};

/// When its place is lost so often, restarts of the server included, a build is the user's to look into.
const ATTEMPTS: i64 = 3;
/// A worker that is not heard of any more: so long its pod is asked why.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Runs a build in a pod of its own, which is gone afterwards unless it is kept for visitors.
pub(super) async fn run(
    context: &mut Context<'_>,
    place: &BuildPlace,
    program: &Program,
    archives: Archives<'_>,
) -> Result<BuildOutcome, ActionError> {
    let cluster = cluster(context, place).await?;
    let id = JobId::random();
    let spec = spec(context, place, &cluster, &id).await?;
    let store = &context.services.store;
    let token = store.open_work(id.as_str(), &context.run, now()).await?;
    let outcome = match start(context, &cluster, &spec, &token, id).await {
        Ok((job, work)) => {
            context.log.line(format!(
                "Builds in pod {} of cluster {}, image {}",
                job.pod.name(),
                place.cluster,
                spec.image
            ));
            in_pod(context, job, work, program, archives).await
        }
        Err(error) => Err(error),
    };
    outcome.map_err(|error| again_or_not(context, error))
}

async fn cluster(
    context: &mut Context<'_>,
    place: &BuildPlace,
) -> Result<KubernetesCluster, ActionError> {
    match context.services.clusters.get(&place.cluster).await? {
        AnyCluster::Kubernetes(cluster) => {
            pulling::reachable(context, &cluster)?;
            Ok(cluster)
        }
        AnyCluster::Local(_) => Err(ActionError::refused(
            "the cluster `local` runs no builds: they run in sandboxes of this machine already",
        )),
    }
}

async fn spec(
    context: &Context<'_>,
    place: &BuildPlace,
    cluster: &KubernetesCluster,
    id: &JobId,
) -> Result<BuildPodSpec, ActionError> {
    let services = context.services;
    let pods = &services.build_pods;
    let worker_image = pods.worker.reference().await.map_err(|why| {
        ActionError::Invalid(format!(
            "builds cannot run in cluster {}: {why}",
            cluster.name()
        ))
    })?;
    let compute: ComputeType = match &place.compute {
        Some(compute) => compute.parse().map_err(ActionError::refused)?,
        None => ComputeType::default(),
    };
    let image = place.image.as_ref().unwrap_or(&pods.default_image);
    Ok(BuildPodSpec {
        pull_secret: pulling::of_build(context, place, image).await?,
        namespace: context.project.namespace.clone(),
        job: id.to_string(),
        execution: context.execution.key.clone(),
        image: image.clone(),
        worker_image,
        url: format!("{}/work/v1/{id}", services.public_url),
        certificate_authorities: pods.certificate_authorities.clone(),
        compute,
        timeout: build_context(context).timeout + services.kept.longest(),
    })
}

async fn start(
    context: &Context<'_>,
    cluster: &KubernetesCluster,
    spec: &BuildPodSpec,
    token: &Secret,
    id: JobId,
) -> Result<(PodJob, Work), ActionError> {
    let store = context.services.store.clone();
    let work = context.services.work_hub.open(id.clone());
    // A build that is cancelled just now must not leave a pod that nobody knows of.
    let (cluster, spec, token) = (cluster.clone(), spec.clone(), token.clone());
    let starting = tokio::spawn(async move {
        match cluster.start_build(&spec, &token).await {
            Ok(pod) => Ok(PodJob::new(pod, store, id)),
            Err(error) => {
                pod_job::close(&store, &id).await;
                Err(error)
            }
        }
    });
    match starting.await {
        Ok(job) => Ok((job?, work)),
        Err(error) => Err(ActionError::Invalid(format!("starting a pod: {error}"))),
    }
}

/// Runs the build when its worker has called; then the pod goes, or is kept.
async fn in_pod(
    context: &mut Context<'_>,
    job: PodJob,
    work: Work,
    program: &Program,
    archives: Archives<'_>,
) -> Result<BuildOutcome, ActionError> {
    let workspace = match connected(context, &job.pod, work).await {
        Ok(workspace) => workspace,
        Err(error) => {
            job.end().await;
            return Err(error);
        }
    };
    let build = in_image(build_context(context), &workspace);
    let place = PodPlace { workspace, job };
    let outcome = watched(context, &place, program, &build, archives).await;
    close_or_keep(context, Place::InPod(place), program, &build, &outcome).await?;
    outcome
}

async fn connected(
    context: &mut Context<'_>,
    pod: &BuildPod,
    work: Work,
) -> Result<RemoteWorkspace, ActionError> {
    let mut waiting = |note: String| context.log.line(note);
    tokio::select! {
        workspace = work.workspace() => Ok(with_image(workspace?)),
        end = pod.ended(&mut waiting) => Err(ended(end)),
    }
}

async fn watched(
    context: &mut Context<'_>,
    PodPlace { workspace, job }: &PodPlace,
    program: &Program,
    build: &BuildContext,
    archives: Archives<'_>,
) -> Result<BuildOutcome, ActionError> {
    let mut ignore = |_: String| {};
    let outcome = tokio::select! {
        outcome = in_workspace(context, workspace, &[], program, build, archives) => outcome,
        end = job.pod.ended(&mut ignore) => return Err(ended(end)),
    };
    match outcome {
        Err(ActionError::Lost(reason)) => Err(last_words(&job.pod, reason).await),
        outcome => outcome,
    }
}

fn with_image(mut workspace: RemoteWorkspace) -> RemoteWorkspace {
    workspace.inherit_environment();
    workspace
}

/// What of the server's machine is in a build's environment comes from the image instead.
fn in_image(build: BuildContext, workspace: &RemoteWorkspace) -> BuildContext {
    let variable = |name: &str, default: &str| {
        let value = workspace.environment().get(name);
        value.map_or_else(|| default.to_owned(), String::clone)
    };
    BuildContext {
        path: variable(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ),
        home: variable("HOME", "/root"),
        lang: variable("LANG", "C.UTF-8"),
        ..build
    }
}

/// The pod, or its node, may know better why its worker is silent.
async fn last_words(pod: &BuildPod, reason: String) -> ActionError {
    let mut ignore = |_: String| {};
    if let Ok(end) = timeout(LAST_WORDS, pod.ended(&mut ignore)).await {
        return ended(end);
    }
    let node = timeout(LAST_WORDS, pod.node()).await.ok().flatten();
    ActionError::Lost(match node {
        Some(node) => format!("{reason}: {node}"),
        None => reason,
    })
}

fn ended(end: PodEnd) -> ActionError {
    match end {
        PodEnd::Failed(reason) => ActionError::Refused(reason),
        PodEnd::Lost(reason) => ActionError::Lost(reason),
    }
}

/// What keeps getting lost is not tried for ever.
fn again_or_not(context: &Context<'_>, error: ActionError) -> ActionError {
    match error {
        ActionError::Lost(reason) if context.run.attempt >= ATTEMPTS => {
            ActionError::Refused(format!(
                "attempt {} has lost its place, too: {reason}",
                context.run.attempt
            ))
        }
        ActionError::Lost(reason) => ActionError::Lost(format!(
            "the build's place was lost ({reason}); it is tried again"
        )),
        error => error,
    }
}

impl From<towpath_runner::Error> for ActionError {
    fn from(error: towpath_runner::Error) -> Self {
        match error {
            towpath_runner::Error::Workspace(WorkspaceError::Lost(reason)) => {
                ActionError::Lost(reason)
            }
            error => ActionError::Build(error),
        }
    }
}

impl From<WorkspaceError> for ActionError {
    fn from(error: WorkspaceError) -> Self {
        match error {
            WorkspaceError::Lost(reason) => ActionError::Lost(reason),
            error => ActionError::Workspace(error),
        }
    }
}
