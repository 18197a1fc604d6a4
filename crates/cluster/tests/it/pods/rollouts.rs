use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use towpath_cluster::{Health, Waited};

use super::world::{World, get, host_port, web};

#[tokio::test(flavor = "multi_thread")]
async fn an_app_answers_through_its_service() {
    let Some(world) = World::start().await else {
        return;
    };
    let status = world.deploy(&web(2, "blue")).await;
    assert_eq!(
        (status.health, status.release, status.pods.len()),
        (Health::Healthy, 1, 2)
    );
    let deployment = &status.deployments[0];
    assert_eq!(
        (deployment.replicas, deployment.ready, deployment.updated),
        (2, 2, 2)
    );
    assert!((30000..=32767).contains(&host_port(&status)));
    assert_eq!(status.services[0].endpoints.len(), 2);
    assert_eq!(get(host_port(&status)).await.unwrap(), "blue");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_while_a_new_version_rolls_out() {
    let Some(world) = World::start().await else {
        return;
    };
    let port = host_port(&world.deploy(&web(2, "blue")).await);
    let prober = Prober::start(port);
    let status = world.deploy(&web(2, "green")).await;
    assert_eq!(host_port(&status), port);
    assert_eq!(get(port).await.unwrap(), "green");
    let answers = prober.stop().await;
    let failed: Vec<&String> = answers
        .iter()
        .filter_map(|answer| answer.as_ref().err())
        .collect();
    assert_eq!(failed, Vec::<&String>::new());
    assert!(answers.iter().flatten().any(|page| page == "blue"));
    world.end().await;
}

/// Asks ten times a second.
struct Prober {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<Vec<Result<String, String>>>,
}

impl Prober {
    fn start(port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(100));
            let mut answers = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                ticks.tick().await;
                answers.push(get(port).await.map_err(|error| error.to_string()));
            }
            answers
        });
        Self { stop, task }
    }

    async fn stop(self) -> Vec<Result<String, String>> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_apply_supersedes_an_older_wait() {
    let Some(world) = World::start().await else {
        return;
    };
    let old = world.apply(&web(1, "blue")).await;
    let new = world.apply(&web(1, "green")).await;
    assert_eq!(world.wait(&old).await, Waited::Superseded);
    assert_eq!(world.wait(&new).await, Waited::Ready);
    assert_eq!(
        get(host_port(&world.status().await)).await.unwrap(),
        "green"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_from_the_manifests_is_pruned() {
    let Some(world) = World::start().await else {
        return;
    };
    let config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\ndata: {a: b}\n";
    let port = host_port(&world.deploy(&format!("{}{config}", web(1, "blue"))).await);
    let applied = world.apply(config).await;
    let pruned: Vec<String> = applied.pruned.iter().map(ToString::to_string).collect();
    assert_eq!(pruned, ["hello_web_apps_Deployment", "hello_web__Service"]);
    assert_eq!(world.wait(&applied).await, Waited::Ready);
    towpath_testkit::eventually_async("nothing to answer", || async { get(port).await.err() })
        .await;
    assert!(world.status().await.services.is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_come_back_when_the_server_does() {
    let Some(world) = World::start().await else {
        return;
    };
    let before = world.deploy(&web(2, "blue")).await;
    let world = world.restart().await;
    let after = towpath_testkit::eventually_async("two ready pods", || async {
        Some(world.status().await)
            .filter(|status| status.health == Health::Healthy && status.release == 1)
    })
    .await;
    assert_eq!(host_port(&after), host_port(&before));
    assert_ne!(after.pods[0].name, before.pods[0].name);
    assert_eq!(get(host_port(&after)).await.unwrap(), "blue");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recreate_ends_the_old_version_first() {
    let Some(world) = World::start().await else {
        return;
    };
    let recreate = |page: &str| {
        web(2, page).replace(
            "  replicas: 2\n",
            "  replicas: 2\n  strategy: {type: Recreate}\n",
        )
    };
    world.deploy(&recreate("blue")).await;
    let mut changes = world.cluster.changes();
    let applied = world.apply(&recreate("green")).await;
    let watch = async {
        while changes.changed().await {
            let hashes: std::collections::BTreeSet<String> = world
                .status()
                .await
                .pods
                .iter()
                .filter_map(|pod| pod.name.split('-').nth(1).map(str::to_owned))
                .collect();
            assert!(hashes.len() <= 1, "two versions at once: {hashes:?}");
        }
    };
    tokio::select! {
        waited = world.wait(&applied) => assert_eq!(waited, Waited::Ready),
        () = watch => unreachable!("the cluster runs"),
    }
    assert_eq!(
        get(host_port(&world.status().await)).await.unwrap(),
        "green"
    );
    world.end().await;
}
