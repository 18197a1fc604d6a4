use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use towpath_cluster::{AnyCluster, Applied, Cluster, ClusterError, Object, Waited, manifest};
use towpath_model::{Digest, Namespace};
use towpath_store::{Release, RunOutcome};

use super::context::Context;
use super::manifests::{self, Manifests, counted};
use super::{ActionError, Done, pulling};
use crate::engine::now;
use crate::plan::SOURCE_ARTIFACT;

/// How long a rollout may take in all. Deployments end it earlier by their progressDeadlineSeconds.
const ROLLOUT_DEADLINE: Duration = Duration::from_secs(30 * 60);

/// How long a cluster is asked that does not answer.
const PATIENCE: Duration = Duration::from_secs(3 * 60);
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Applies the manifests of the source, pinned to the image just built, and waits until they are healthy.
pub(super) async fn run(context: &mut Context<'_>) -> Result<Done, ActionError> {
    let cluster = cluster(context).await?;
    context.phases.start("manifests");
    let source = context
        .file(&context.required_input(SOURCE_ARTIFACT)?)
        .await?;
    let mut objects = rendered(context, &source).await?;
    let pulling_namespaces = match &cluster {
        AnyCluster::Kubernetes(cluster) => pulling::prepare(context, cluster, &mut objects)?,
        AnyCluster::Local(_) => BTreeSet::new(),
    };
    record_release(context, &objects).await?;
    context.phases.start("apply");
    let secrets = pulling::add_secrets(context, pulling_namespaces, &mut objects).await?;
    let (cluster, applied) = apply(context, &objects).await?;
    secrets.applied(context).await?;
    log_applied(context, &applied);
    context.phases.start("rollout");
    wait(context, &cluster, &applied).await
}

/// The objects as they are to be applied.
async fn rendered(context: &mut Context<'_>, source: &Path) -> Result<Vec<Object>, ActionError> {
    let Manifests { mut objects, found } = manifests::read(source)?;
    context.log.line(found);
    if let Some(digest) = image_digest(context).await? {
        let (project, host) = (
            &context.project.name,
            context.services.registry_host.to_string(),
        );
        let pinned = manifest::pin_images(&mut objects, project, &digest, &host);
        let containers = pinned.map_err(ActionError::refused)?;
        context.log.line(format!(
            "{} pinned to {digest}",
            counted(containers, "container")
        ));
    }
    manifest::place(objects, &namespace(context)?).map_err(ActionError::refused)
}

fn namespace(context: &Context<'_>) -> Result<Namespace, ActionError> {
    match context.action.configuration.get("Namespace") {
        Some(name) => name
            .parse()
            .map_err(|error| ActionError::Invalid(format!("{error}"))),
        None => Ok(context.project.namespace.clone()),
    }
}

/// The image that this execution built, if it built one.
async fn image_digest(context: &Context<'_>) -> Result<Option<Digest>, ActionError> {
    let runs = context
        .services
        .store
        .action_runs(&context.execution.key)
        .await?;
    let built = runs
        .iter()
        .filter(|run| run.outcome == Some(RunOutcome::Succeeded))
        .find_map(|run| run.variables.get("ImageDigest"));
    built
        .map(|digest| digest.parse())
        .transpose()
        .map_err(|error| ActionError::Invalid(format!("ImageDigest: {error}")))
}

/// Kept before the cluster is touched: what was tried is on record also when it fails.
async fn record_release(context: &Context<'_>, objects: &[Object]) -> Result<(), ActionError> {
    let services = context.services;
    let manifests = services.blobs.put(manifest::to_yaml(objects)).await?;
    let digest = image_digest(context).await?;
    let image = digest.map(|digest| {
        format!(
            "{}/{}@{digest}",
            services.registry_host, context.project.name
        )
    });
    let release = Release {
        execution: context.execution.key.clone(),
        cluster: context.project.cluster.clone(),
        namespace: namespace(context)?,
        image,
        manifests: manifests.digest,
        created_at: now(),
    };
    Ok(services.store.record_release(&release).await?)
}

async fn cluster(context: &Context<'_>) -> Result<AnyCluster, ActionError> {
    let cluster = context.services.clusters.get(&context.project.cluster);
    Ok(cluster.await?)
}

/// A cluster that does not answer, perhaps since its API server is being renewed, is asked again: each time
/// as its row says then, since somebody may have given it another address.
async fn apply(
    context: &mut Context<'_>,
    objects: &[Object],
) -> Result<(AnyCluster, Applied), ActionError> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    loop {
        let cluster = cluster(context).await?;
        match cluster.apply(&context.project.name, objects).await {
            Err(error @ ClusterError::Unreachable { .. }) if Instant::now() + pause < deadline => {
                let seconds = pause.as_secs();
                context
                    .log
                    .line(format!("{error}; trying again in {seconds} s"));
                tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.5))).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            applied => return Ok((cluster, applied?)),
        }
    }
}

fn log_applied(context: &mut Context<'_>, applied: &Applied) {
    for object in &applied.changed {
        context.log.line(format!("applied {}", object.for_people()));
    }
    for object in &applied.pruned {
        context.log.line(format!("pruned {}", object.for_people()));
    }
    for kept in &applied.report.not_run {
        context.log.line(format!(
            "kept, not run here: {}: {}",
            kept.object.for_people(),
            kept.why
        ));
    }
    for ignored in &applied.report.ignored {
        context.log.line(format!("note: {ignored}"));
    }
}

async fn wait(
    context: &mut Context<'_>,
    cluster: &AnyCluster,
    applied: &Applied,
) -> Result<Done, ActionError> {
    let log = &mut context.log;
    let mut progress = |line: &str| log.line(line);
    let waited = cluster
        .wait_ready(applied, ROLLOUT_DEADLINE, &mut progress)
        .await;
    match waited? {
        Waited::Ready => Ok(Done::succeeded().with_variable("Namespace", namespace(context)?)),
        Waited::Failed { reason } => Err(ActionError::Refused(reason)),
        Waited::Superseded => Err(ActionError::refused(
            "a newer deployment of the project took over",
        )),
    }
}
