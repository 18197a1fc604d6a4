use super::world::{World, deployment, variables};

fn config(value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{color: {value}, note: two words}}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\nstringData: {{TOKEN: hunter2}}\n---\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_come_from_values_objects_and_the_pod() {
    let Some(world) = World::start().await else {
        return;
    };
    let env = "        env:
        - {name: PLAIN, value: 'a $(TOKEN) $(NOT) $$(X)'}
        - {name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}
        - {name: NONE, valueFrom: {secretKeyRef: {name: keys, key: none, optional: true}}}
        - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: APP, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['app']\"}}}
        envFrom: [{secretRef: {name: keys}}]
";
    let status = world
        .deploy(&(config("blue") + &deployment(1, "env; echo done; sleep 1000", env)))
        .await;
    let (pod, log) = (&status.pods[0], world.log_with("done").await);
    let found = variables(&log);
    let ip = pod.ip.unwrap().to_string();
    for (name, value) in [
        ("PLAIN", "a hunter2 $(NOT) $(X)"),
        ("COLOR", "blue"),
        ("TOKEN", "hunter2"),
        ("POD", &pod.name),
        ("HOSTNAME", &pod.name),
        ("IP", &ip),
        ("APP", "web"),
        ("HOME", "/root"),
    ] {
        assert_eq!(found.get(name), Some(&value), "{name} in {log}");
    }
    assert!(
        !found.contains_key("NONE") && !found.contains_key("CARGO_MANIFEST_DIR"),
        "{log}"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn volumes_follow_their_object_and_variables_do_not() {
    let Some(world) = World::start().await else {
        return;
    };
    let script = "ls /etc/settings; stat -c %a /etc/settings/shade; \
                  while true; do echo \"$(cat /etc/settings/shade) $(cat /etc/one) $COLOR\"; sleep 0.1; done";
    let more =
        "        env: [{name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}]
        volumeMounts:
        - {name: settings, mountPath: /etc/settings}
        - {name: settings, mountPath: /etc/one, subPath: shade}
      volumes:
      - name: settings
        configMap: {name: settings, defaultMode: 0400, items: [{key: color, path: shade}]}
";
    let before = world
        .deploy(&(config("blue") + &deployment(1, script, more)))
        .await;
    world.log_with("blue blue blue").await;
    let after = world
        .deploy(&(config("green") + &deployment(1, script, more)))
        .await;
    assert_eq!(after.pods[0].name, before.pods[0].name);
    let log = world.log_with("green").await;
    assert!(log.starts_with("shade\n"), "{log}");
    assert!(log.contains("green blue blue"), "{log}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_waits_for_a_config_map_starts_when_it_comes() {
    let Some(world) = World::start().await else {
        return;
    };
    let more = "        volumeMounts: [{name: settings, mountPath: /etc/settings}]
      volumes: [{name: settings, configMap: {name: settings}}]
";
    let app = deployment(1, "cat /etc/settings/color; sleep 1000", more);
    world.apply(&app).await;
    towpath_testkit::eventually_async("a reason", || async {
        let reason = world.status().await.pods.first()?.reason.clone()?;
        reason
            .contains("ConfigMap settings does not exist")
            .then_some(())
    })
    .await;
    world.deploy(&(config("blue") + &app)).await;
    world.log_with("blue").await;
    world.end().await;
}
