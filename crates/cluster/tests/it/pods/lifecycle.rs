use towpath_cluster::Cluster;
use towpath_cluster::status::ContainerState;

use super::world::{World, deployment, web};

#[tokio::test(flavor = "multi_thread")]
async fn init_containers_share_volumes_and_run_first() {
    let Some(world) = World::start().await else {
        return;
    };
    let more = "        volumeMounts: [{name: work, mountPath: /work}]
      initContainers:
      - name: first
        image: base.test/busybox
        command: [sh, -c, 'echo made > /work/file']
        volumeMounts: [{name: work, mountPath: /work}]
      volumes: [{name: work, emptyDir: {}}]
";
    world
        .deploy(&deployment(1, "cat /work/file; sleep 1000", more))
        .await;
    world.log_with("made").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_security_context_is_kept() {
    // Other users than one's own take a range of ids.
    if !crate::plain_user::is_root() {
        return;
    }
    let Some(world) = World::start().await else {
        return;
    };
    let more = "        securityContext:
          runAsUser: 1234
          runAsGroup: 55
          readOnlyRootFilesystem: true
          capabilities: {drop: [ALL]}
        volumeMounts: [{name: tmp, mountPath: /tmp}]
      securityContext: {fsGroup: 77}
      volumes: [{name: tmp, emptyDir: {medium: Memory, sizeLimit: 1Mi}}]
";
    let script = "id; touch /x; touch /tmp/x && echo tmp is fine; grep CapBnd /proc/self/status; \
                  grep NoNewPrivs /proc/self/status; echo done; sleep 1000";
    world.deploy(&deployment(1, script, more)).await;
    let log = world.log_with("done").await;
    for part in [
        "uid=1234 gid=55",
        "77",
        "Read-only file system",
        "tmp is fine",
        "NoNewPrivs:\t1",
    ] {
        assert!(log.contains(part), "{part:?} is not in {log}");
    }
    assert!(log.contains("CapBnd:\t0000000000000000"), "{log}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_reach_services_by_name() {
    let Some(world) = World::start().await else {
        return;
    };
    let client = deployment(1, "for name in web web.hello web.hello.svc.cluster.local; do wget -qO- http://$name/; done; echo done; sleep 1000", "")
        .replace("name: web", "name: client")
        .replace("app: web", "app: client");
    world.deploy(&web(1, "blue")).await;
    let status = world
        .deploy(&format!("{}---\n{client}", web(1, "blue")))
        .await;
    let pod = status
        .pods
        .iter()
        .find(|pod| pod.deployment == "client")
        .unwrap();
    let log = towpath_testkit::eventually_async("the client's answers", || async {
        Some(world.log(&pod.name, "client").await).filter(|log| log.contains("done"))
    })
    .await;
    assert_eq!(log, "blue\nblue\nblue\ndone\n");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_ends_in_order() {
    let Some(world) = World::start().await else {
        return;
    };
    let script =
        "trap 'echo got the signal >> /shared/log; exit 0' TERM; while true; do sleep 0.1; done";
    let more =
        "        lifecycle: {preStop: {exec: {command: [sh, -c, 'echo preparing >> /shared/log']}}}
        volumeMounts: [{name: shared, mountPath: /shared}]
      - name: watcher
        image: base.test/busybox
        command: [sh, -c, 'trap \"\" TERM; touch /shared/log; tail -f /shared/log']
        volumeMounts: [{name: shared, mountPath: /shared}]
      volumes: [{name: shared, emptyDir: {}}]
";
    let status = world.deploy(&deployment(1, script, more)).await;
    let pod = status.pods[0].name.clone();
    world.apply("").await;
    let log = towpath_testkit::eventually_async("the end", || async {
        Some(world.log(&pod, "watcher").await).filter(|log| log.contains("signal"))
    })
    .await;
    assert_eq!(log, "preparing\ngot the signal\n");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_liveness_probe_restarts_the_container() {
    let Some(world) = World::start().await else {
        return;
    };
    let more = "        livenessProbe: {exec: {command: [test, '!', -e, /sick]}, periodSeconds: 1, failureThreshold: 1}\n";
    world
        .deploy(&deployment(
            1,
            "echo up; sleep 1; touch /sick; sleep 1000",
            more,
        ))
        .await;
    let status = towpath_testkit::eventually_async("a restart", || async {
        Some(world.status().await).filter(|status| status.pods[0].restarts > 0)
    })
    .await;
    assert!(matches!(
        status.pods[0].containers[0].state,
        ContainerState::Running { .. } | ContainerState::Waiting { .. }
    ));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_can_be_followed() {
    let Some(world) = World::start().await else {
        return;
    };
    let status = world
        .deploy(&deployment(
            1,
            "echo one; sleep 1; echo two; sleep 1000",
            "",
        ))
        .await;
    let (pod, namespace) = (&status.pods[0].name, super::world::namespace());
    let (mut offset, mut text) = (0, String::new());
    while text != "one\ntwo\n" {
        assert!(
            world
                .cluster
                .log_grew(&namespace, pod, "web", offset)
                .await
                .unwrap()
        );
        let chunk = world
            .cluster
            .logs(&namespace, pod, "web", offset, 2)
            .await
            .unwrap();
        assert_eq!(chunk.offset, offset);
        offset = chunk.next;
        text.push_str(std::str::from_utf8(&chunk.content).unwrap());
    }
    world.apply("").await;
    assert!(
        !world
            .cluster
            .log_grew(&namespace, pod, "web", offset)
            .await
            .unwrap()
    );
    assert!(
        world
            .cluster
            .logs(&namespace, pod, "web", 0, 1)
            .await
            .is_err()
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_prints_without_end_can_be_ended() {
    let Some(world) = World::start().await else {
        return;
    };
    let hook =
        "        lifecycle: {preStop: {exec: {command: [head, -c, '1000000', /dev/zero]}}}\n";
    let status = world.deploy(&deployment(1, "exec yes", hook)).await;
    world.apply("").await;
    let pod = &status.pods[0].name;
    assert!(
        !world
            .cluster
            .log_grew(&super::world::namespace(), pod, "web", u64::MAX)
            .await
            .unwrap()
    );
    world.end().await;
}
