use std::convert::Infallible;
use std::time::Duration;

use tokio::time::sleep;
use towpath_model::Timestamp;

use super::asking::{Asked, ask};
use super::context::{PodContext, now};
use crate::pod::{ContainerRun, Probing, Verdict};
use crate::spec::Probe;

/// Why a container that runs is to be ended.
pub(super) struct Unhealthy {
    pub(super) why: String,
    pub(super) grace: Option<Duration>,
}

/// Asks a container's probes and keeps its readiness, until a startup or liveness probe fails.
pub(super) async fn watch(pod: &PodContext, asked: &Asked<'_>, started_at: Timestamp) -> Unhealthy {
    if let Some(startup) = &asked.container.startup
        && let Err(unhealthy) = startup_done(asked, startup, started_at).await
    {
        return unhealthy;
    }
    // Until the startup probe succeeds, the other probes do not begin.
    let began_at = if asked.container.startup.is_some() {
        now()
    } else {
        started_at
    };
    tokio::select! {
        unhealthy = liveness(asked, began_at) => unhealthy,
        never = readiness(pod, asked, began_at) => match never {},
    }
}

async fn startup_done(
    asked: &Asked<'_>,
    probe: &Probe,
    started_at: Timestamp,
) -> Result<(), Unhealthy> {
    let mut probing = Probing::new(probe.clone(), started_at);
    loop {
        let (verdict, why) = next(asked, probe, &mut probing).await;
        match verdict {
            Verdict::Succeeding => return Ok(()),
            Verdict::Failing => return Err(unhealthy("startup", probe, why)),
            Verdict::Undecided => {}
        }
    }
}

async fn liveness(asked: &Asked<'_>, began_at: Timestamp) -> Unhealthy {
    let Some(probe) = &asked.container.liveness else {
        return std::future::pending().await;
    };
    let mut probing = Probing::new(probe.clone(), began_at);
    loop {
        let (verdict, why) = next(asked, probe, &mut probing).await;
        if verdict == Verdict::Failing {
            return unhealthy("liveness", probe, why);
        }
    }
}

fn unhealthy(kind: &str, probe: &Probe, why: Option<String>) -> Unhealthy {
    let why = why.unwrap_or_default();
    Unhealthy {
        why: format!(
            "its {kind} probe failed {} times: {why}",
            probe.failure_threshold
        ),
        grace: probe.termination_grace,
    }
}

/// A container without a readiness probe is ready when it has run for so long: one that dies at once is
/// never ready. (Kubelet needs about as long to notice that a container runs.)
const SETTLED: Duration = Duration::from_secs(1);

/// Keeps a container's readiness as long as it is asked to.
async fn readiness(pod: &PodContext, asked: &Asked<'_>, began_at: Timestamp) -> Infallible {
    let name = &asked.container.name;
    let Some(probe) = &asked.container.readiness else {
        sleep(SETTLED).await;
        pod.update_container(name, ContainerRun::becomes_ready);
        return std::future::pending().await;
    };
    let mut probing = Probing::new(probe.clone(), began_at);
    loop {
        let (verdict, why) = next(asked, probe, &mut probing).await;
        pod.update_container(name, |run| match verdict {
            Verdict::Succeeding => run.becomes_ready(),
            Verdict::Undecided if run.ready => {}
            Verdict::Failing | Verdict::Undecided => {
                run.ready = false;
                run.unready = why.map(|why| format!("its readiness probe fails: {why}"));
            }
        });
    }
}

async fn next(
    asked: &Asked<'_>,
    probe: &Probe,
    probing: &mut Probing,
) -> (Verdict, Option<String>) {
    sleep(probing.next_at().since(now())).await;
    let answer = ask(asked, probe).await;
    (probing.answer(answer.is_ok(), now()), answer.err())
}
