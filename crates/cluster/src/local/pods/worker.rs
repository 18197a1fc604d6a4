use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use super::container::{Runs, keep_running, run_to_success};
use super::context::PodContext;
use super::volumes::Volumes;
use crate::local::net::PodPlace;

/// How long connections through Services may take to end before the pod is told to.
const LONGEST_DRAIN: Duration = Duration::from_secs(5);
/// Pause before a pod that could not be set up is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// Runs a pod to its end.
pub(super) async fn run(pod: Arc<PodContext>) {
    if let Some(place) = join_network(&pod).await {
        run_in(&pod, &place).await;
        if let Err(error) = pod.machine.network.remove_pod(place.ip).await {
            tracing::error!(pod = pod.identity.name, %error, "the pod stays in the network");
        }
    }
    if let Err(error) = towpath_sandbox::remove_tree(&pod.machine.host, &pod.folder()).await {
        tracing::error!(pod = pod.identity.name, %error, "the pod's folder stays");
    }
    pod.update(|state| {
        state.gone = true;
        state.ip = None;
    });
}

/// `None` when the pod was told to end first.
async fn join_network(pod: &PodContext) -> Option<PodPlace> {
    while !pod.is_stopped() {
        // Not to be interrupted: an address that was given must be given back.
        match pod.machine.network.add_pod(&pod.identity.namespace).await {
            Ok(place) => {
                pod.update(|state| {
                    state.ip = Some(place.ip);
                    state.blocked = None;
                });
                return Some(place);
            }
            Err(error) => pod.update(|state| state.blocked = Some(format!("no network: {error}"))),
        }
        pod.unless_stopped(sleep(PAUSE)).await?;
    }
    None
}

async fn run_in(pod: &PodContext, place: &PodPlace) {
    let Some(volumes) = pod.unless_stopped(set_up(pod, place)).await else {
        return;
    };
    let runs = |container| Runs::new(pod, place, &volumes, container);
    for container in &pod.template.spec.init_containers {
        run_to_success(runs(container)).await;
        if pod.is_stopped() {
            return;
        }
    }
    let containers = pod.template.spec.containers.iter();
    let all = join_all(containers.map(|container| keep_running(runs(container))));
    tokio::select! {
        _ = all => {}
        () = volumes.follow(pod) => {}
    }
}

/// Makes the volumes, again and again until what they are made from is there.
async fn set_up(pod: &PodContext, place: &PodPlace) -> Volumes {
    let mut configs = pod.machine.configs.subscribe();
    loop {
        configs.mark_unchanged();
        match Volumes::make(pod, place) {
            Ok(volumes) => {
                pod.update(|state| state.blocked = None);
                return volumes;
            }
            Err(error) => pod.update(|state| state.blocked = Some(error.to_string())),
        }
        tokio::select! {
            _ = configs.changed() => {}
            () = sleep(PAUSE) => {}
        }
    }
}

/// Waits until nobody talks to the pod through a Service, within bounds.
pub(super) async fn drain(pod: &PodContext, place: &PodPlace) {
    let limit = LONGEST_DRAIN.min(pod.template.spec.termination_grace);
    if timeout(limit, pod.machine.network.drained(place.ip))
        .await
        .is_err()
    {
        let open = pod.machine.network.open_connections(place.ip);
        tracing::debug!(
            pod = pod.identity.name,
            open,
            "told to end with open connections"
        );
    }
}
