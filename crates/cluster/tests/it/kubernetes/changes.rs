//! Pages hear of what moves, soon and not often.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use towpath_cluster::{AppChanges, Cluster, Waited};

use super::world::World;

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: registry.example/web:v9}]}
";

async fn deployed() -> Option<World> {
    let world = World::start().await?;
    let applied = world.apply(DEPLOYMENT).await;
    assert_eq!(world.wait(&applied).await, Waited::Ready);
    Some(world)
}

async fn until_quiet(changes: &mut AppChanges) {
    while let Ok(lives) = timeout(Duration::from_secs(4), changes.changed()).await {
        assert!(lives);
    }
}

#[tokio::test]
async fn a_page_hears_at_once_of_a_pod_that_goes() {
    let Some(world) = deployed().await else {
        return;
    };
    let mut changes = world.cluster.changes(&world.project());
    let mut other_page = world.cluster.changes(&world.project());
    until_quiet(&mut changes).await;
    until_quiet(&mut other_page).await;
    let status = world.cluster.status(&world.project()).await.unwrap();
    let began = Instant::now();
    for pod in &status.pods {
        world.delete("v1", "Pod", &pod.name).await;
    }
    let hears = timeout(Duration::from_secs(5), changes.changed());
    assert_eq!(hears.await, Ok(true));
    let hears = timeout(Duration::from_secs(1), other_page.changed());
    assert_eq!(hears.await, Ok(true));
    assert!(began.elapsed() < Duration::from_secs(5));
    let mut told = 1;
    while timeout(Duration::from_secs(4), changes.changed())
        .await
        .is_ok()
    {
        told += 1;
    }
    // They take their time to end.
    let most = began.elapsed().as_secs() / 2 + 1;
    assert!(told <= most, "told {told} times, {most} is the most");
    world.finish().await;
}

/// A first deployment is heard of without asking for it.
#[tokio::test]
async fn another_release_is_watched_in_its_turn() {
    let Some(world) = World::start().await else {
        return;
    };
    let mut changes = world.cluster.changes(&world.project());
    let applied = world.apply(DEPLOYMENT).await;
    let deployed = world.store().signals();
    deployed.notify_change(&world.project(), None);
    assert_eq!(world.wait(&applied).await, Waited::Ready);
    let hears = timeout(Duration::from_secs(5), changes.changed());
    assert_eq!(hears.await, Ok(true));
    world.finish().await;
}

#[tokio::test]
async fn an_account_that_may_not_watch_is_asked_now_and_then() {
    let Some(world) = deployed().await else {
        return;
    };
    let limited = world.limited().await;
    let mut changes = limited.changes(&world.project());
    let hears = timeout(Duration::from_secs(20), changes.changed());
    assert_eq!(hears.await, Ok(true));
    world.finish().await;
}
