use towpath_cluster::{Cluster, ClusterError, Health, Waited};

use super::world::{World, deployment, get, host_port, objects, project, web};

async fn failure(manifests: &str) -> Option<String> {
    let world = World::start().await?;
    let applied = world.apply(manifests).await;
    let waited = world.wait(&applied).await;
    assert_eq!(world.status().await.health, Health::Degraded);
    world.end().await;
    match waited {
        Waited::Failed { reason } => Some(reason),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_all(reason: &str, parts: &[&str]) {
    for part in parts {
        assert!(reason.contains(part), "{part:?} is not in {reason:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_crashes_is_named_with_its_last_words() {
    let Some(reason) = failure(&deployment(
        1,
        "echo starting; echo no database >&2; exit 3",
        "",
    ))
    .await
    else {
        return;
    };
    assert_all(
        &reason,
        &[
            "deployment web: no progress for 4 s: pod web-",
            "container web: ended with exit code 3, last output `no database`",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_fails_is_named() {
    let probe = "        readinessProbe: {httpGet: {path: /health, port: 8080}}\n";
    let script = "mkdir /www; exec httpd -f -p 8080 -h /www";
    let Some(reason) = failure(&deployment(1, script, probe)).await else {
        return;
    };
    assert_all(
        &reason,
        &["container web: its readiness probe fails: GET /health answered 404"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_does_not_exist_is_named() {
    let manifests = deployment(1, "true", "").replace("base.test/busybox", "base.test/nothing:v1");
    let Some(reason) = failure(&manifests).await else {
        return;
    };
    assert_all(&reason, &["base.test/nothing:v1", "does not exist"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_config_map_is_named() {
    let env = "        envFrom: [{configMapRef: {name: settings}}]\n";
    let Some(reason) = failure(&deployment(1, "sleep 1000", env)).await else {
        return;
    };
    assert_all(&reason, &["ConfigMap settings does not exist"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_version_serves_on_when_the_new_one_fails_also_after_a_restart() {
    let Some(world) = World::start().await else {
        return;
    };
    let port = host_port(&world.deploy(&web(2, "blue")).await);
    let broken = web(2, "green").replace("exec httpd", "exit 1; exec httpd");
    let applied = world.apply(&broken).await;
    assert!(matches!(world.wait(&applied).await, Waited::Failed { .. }));
    assert_eq!(get(port).await.unwrap(), "blue");
    let world = world.restart().await;
    let answer = || async { get(port).await.ok() };
    assert_eq!(
        towpath_testkit::eventually_async("an answer", answer).await,
        "blue"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_that_cannot_be_honoured_change_nothing() {
    let Some(world) = World::start().await else {
        return;
    };
    let hostile = deployment(1, "true", "        securityContext: {privileged: true}\n");
    let error = world
        .cluster
        .apply(&project(), &objects(&hostile))
        .await
        .unwrap_err();
    assert!(matches!(error, ClusterError::Refused(_)), "{error}");
    assert_eq!(world.status().await.health, Health::Missing);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_has_one_owner() {
    let Some(world) = World::start().await else {
        return;
    };
    world.deploy(&web(1, "blue")).await;
    let other = "other".parse().unwrap();
    let error = world
        .cluster
        .apply(&other, &objects(&web(1, "green")))
        .await
        .unwrap_err();
    assert!(matches!(error, ClusterError::Owned { .. }), "{error}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_takes_too_much_memory_is_named() {
    if !crate::plain_user::is_root() {
        return;
    }
    let limit = "        resources: {limits: {memory: 16Mi, cpu: 500m}}
        readinessProbe: {exec: {command: ['false']}}
";
    let hog = "x=$(head -c 100000000 /dev/zero | tr '\\0' x); sleep 1000";
    let Some(reason) = failure(&deployment(1, hog, limit)).await else {
        return;
    };
    assert_all(
        &reason,
        &["container web: ended with killed: out of memory"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_network_dies_it_and_the_pods_start_again() {
    let Some(world) = World::start().await else {
        return;
    };
    let before = world.deploy(&web(2, "blue")).await;
    let port = host_port(&before);
    let helper = world.cluster.network_helper();
    let id = nix::unistd::Pid::from_raw(i32::try_from(helper).unwrap());
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGKILL).unwrap();
    let after = towpath_testkit::eventually_async("two new ready pods", || async {
        let old = |name: &String| before.pods.iter().any(|pod| pod.name == *name);
        Some(world.status().await).filter(|status| {
            status.health == Health::Healthy
                && status.pods.len() == 2
                && !status.pods.iter().any(|pod| old(&pod.name))
        })
    })
    .await;
    assert_eq!(host_port(&after), port);
    assert_eq!(get(port).await.unwrap(), "blue");
    assert_ne!(world.cluster.network_helper(), helper);
    world.end().await;
}
