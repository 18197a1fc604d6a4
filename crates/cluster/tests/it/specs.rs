use proptest::prelude::*;
use towpath_cluster::manifest;
use towpath_cluster::spec::{self, Spec};

/// Everything wrong with one manifest, or everything that has no effect, one line each.
fn problems(text: &str) -> String {
    let objects = match manifest::parse("a.yaml", text) {
        Ok(objects) => objects,
        Err(errors) => return errors.to_string(),
    };
    match spec::read(&objects[0]) {
        Err(errors) => errors.to_string(),
        Ok(None) => "not run here".to_owned(),
        Ok(Some((_, notes))) => notes.iter().map(|note| format!("note: {note}\n")).collect(),
    }
}

/// `expected` is part of the problems; nothing stands for no problem at all.
#[track_caller]
fn check(text: &str, expected: &str) {
    let found = problems(text);
    let as_expected = if expected.is_empty() {
        found.is_empty()
    } else {
        found.contains(expected)
    };
    assert!(
        as_expected,
        "{text}\nexpected {expected:?}\nfound {found:?}"
    );
}

fn deployment(container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{a: b}}}}\n  \
         template:\n    metadata: {{labels: {{a: b}}}}\n    spec:\n      containers:\n      - {{name: c, image: i, {container}}}\n"
    )
}

fn service(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{{spec}}}\n")
}

#[test]
fn containers_are_refused_with_their_place() {
    let cases = [
        (deployment(""), ""),
        (
            deployment("imagee: x"),
            "a.yaml:10:29: unknown key `imagee`; did you mean `image`?",
        ),
        (
            deployment("command: ls"),
            "`command`: expected a list of strings, found \"ls\"",
        ),
        (
            deployment("ports: [{containerPort: 70000}]"),
            "expected a whole number from 1 to 65535, found 70000",
        ),
        (
            deployment("ports: [{containerPort: 80, hostPort: 80}]"),
            "`hostPort` is not supported",
        ),
        (
            deployment("env: [{name: A, value: 1}]"),
            "`value`: expected a string, found 1",
        ),
        (
            deployment("env: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.x}}}]"),
            "`spec.x` cannot be read",
        ),
        (
            deployment("readinessProbe: {}"),
            "`httpGet, tcpSocket or exec (exactly one)` is missing",
        ),
        (
            deployment("readinessProbe: {httpGet: {port: web}}"),
            "asks port `web`, which it does not name",
        ),
        (
            deployment("livenessProbe: {successThreshold: 2, tcpSocket: {port: 80}}"),
            "must be 1",
        ),
        (
            deployment("volumeMounts: [{name: v, mountPath: /v}]"),
            "mounts volume `v`, which does not exist",
        ),
        (
            deployment("volumeMounts: [{name: v, mountPath: /}]"),
            "expected an absolute path",
        ),
        (
            deployment("securityContext: {privileged: true}"),
            "`privileged` is not supported",
        ),
        (
            deployment("resources: {limits: {memory: lots}}"),
            "expected a quantity such as 500m, 1 or 64Mi",
        ),
        (deployment("imagePullPolicy: Sometimes"), "unknown policy"),
    ];
    for (text, expected) in cases {
        check(&text, expected);
    }
}

#[test]
fn services_are_refused_with_their_place() {
    let cases = [
        (service("ports: [{port: 80}]"), ""),
        (
            service("ports: [{port: 80}, {port: 81}]"),
            "each of several ports needs a name",
        ),
        (
            service("ports: [{port: 80, protocol: UDP}]"),
            "`protocol` is not supported",
        ),
        (service("type: ExternalName"), "`type` is not supported"),
        (service("selector: {a: b}"), "`ports` is missing"),
    ];
    for (text, expected) in cases {
        check(&text, expected);
    }
}

#[test]
fn other_objects_are_refused_with_their_place() {
    let cases = [
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: 1}\n",
            "expected a string at `a`, found a number; put it in quotes",
        ),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: '%%'}\n",
            "`data.a` is not base64",
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {../a: x}\n",
            "is not valid",
        ),
        (
            "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: a}\n",
            "write apiVersion: apps/v1",
        ),
        (
            "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\n",
            "not run here",
        ),
    ];
    for (text, expected) in cases {
        check(text, expected);
    }
}

#[test]
fn no_field_of_a_deployment_is_dropped_in_silence() {
    let cases = [
        (
            deployment("imagePullPolicy: Never"),
            "note: a.yaml:10:29: `imagePullPolicy` has no effect here: a tag is asked for",
        ),
        (
            deployment("resources: {requests: {cpu: 1, ephemeral-storage: 1Gi}}"),
            "note: a.yaml:10:41: `requests` has no effect here",
        ),
        (
            deployment("resources: {requests: {cpu: lots}}"),
            "expected a quantity",
        ),
        (
            deployment("resources: {limits: {ephemeral-storage: 1Gi}}"),
            "`ephemeral-storage` has no effect here",
        ),
        (
            deployment("ports: [{containerPort: 80, protocol: UDP}]"),
            "`protocol` has no effect here: Services carry only TCP",
        ),
        (
            deployment("ports: [{containerPort: 80, protocol: TCP}]"),
            "",
        ),
        (
            deployment("readinessProbe: {httpGet: {port: 80, host: localhost}}"),
            "a.yaml:10:66: `host`: \"localhost\" is not an IPv4 address; remove it",
        ),
        (
            deployment("readinessProbe: {httpGet: {port: 80, path: /a b}}"),
            "`path`: \"/a b\" is not a path of HTTP; write a blank as %20",
        ),
        (
            deployment("env: [{name: A, valueFrom: {}}]"),
            "`configMapKeyRef, secretKeyRef or fieldRef (exactly one)` is missing",
        ),
        (
            deployment("lifecycle: {preStop: {sleep: {seconds: 1}, exec: {command: [a]}}}"),
            "`exec or sleep (exactly one)` is missing",
        ),
        (
            deployment("") + "      imagePullSecrets: [{name: a}]\n",
            "`imagePullSecrets` has no effect here: what a Secret of the cluster holds is not used",
        ),
        (
            deployment("") + "      os: {name: linux, version: 5}\n",
            "unknown key `version`",
        ),
        (
            deployment("") + "status: {replicas: 1}\n",
            "note: a.yaml:11:1: `status` has no effect here",
        ),
    ];
    for (text, expected) in cases {
        check(&text, expected);
    }
}

#[test]
fn no_field_of_a_service_or_secret_is_dropped_in_silence() {
    let cases = [
        (
            service("ports: [{port: 80, nodePort: 30080}]"),
            "a.yaml:4:27: `nodePort` may not be used when `type` is ClusterIP; write `type: NodePort`",
        ),
        (
            service(
                "type: NodePort, ports: [{name: a, port: 80, nodePort: 30080}, {name: b, port: 81, nodePort: 30080}]",
            ),
            "nodePort 30080 appears twice",
        ),
        (
            service("clusterIPs: [10.43.0.20], ports: [{port: 80}]"),
            "`clusterIPs` may only repeat `clusterIP`",
        ),
        (
            service("clusterIP: 10.43.0.20, clusterIPs: [10.43.0.20], ports: [{port: 80}]"),
            "",
        ),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: kubernetes.io/tls\n".into(),
            "note: a.yaml:4:1: `type` has no effect here",
        ),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: Opaque\n".into(),
            "",
        ),
    ];
    for (text, expected) in cases {
        check(&text, expected);
    }
}

#[test]
fn a_deployments_own_rules() {
    let text = |spec: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{{spec}}}\n"
        )
    };
    let template =
        "template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}";
    let cases = [
        (
            "selector: {matchLabels: {a: c}}",
            "`selector` does not match the labels of the template",
        ),
        ("selector: {}", "`selector` selects everything"),
        (
            "selector: {matchLabels: {a: b}}, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}",
            "may not be 0",
        ),
        (
            "selector: {matchLabels: {a: b}}, strategy: {type: Blue}",
            "unknown type",
        ),
        (
            "selector: {matchLabels: {a: b}}, strategy: {rollingUpdate: {maxSurge: lots}}",
            "a whole number or a percentage",
        ),
        (
            "selector: {matchLabels: {a: b}}, paused: true",
            "`paused` is not supported",
        ),
        (
            "selector: {matchLabels: {a: b}}, replicas: 1001",
            "from 0 to 1000",
        ),
        (
            "selector: {matchExpressions: [{key: a, operator: In, values: [b]}]}",
            "",
        ),
        (
            "selector: {matchExpressions: [{key: a, operator: DoesNotExist}]}",
            "does not match",
        ),
    ];
    for (spec, expected) in cases {
        check(&text(&format!("{spec}, {template}")), expected);
    }
}

#[test]
fn what_is_missing_is_said_once() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {metadata: {}}}\n";
    let said = problems(text);
    assert!(said.contains("`selector` is missing"), "{said}");
    assert_eq!(said.matches("selector").count(), 1, "{said}");
}

#[test]
fn what_means_nothing_here_is_reported() {
    let text = deployment("terminationMessagePath: /dev/x");
    assert_eq!(
        problems(&text),
        "note: a.yaml:10:29: `terminationMessagePath` has no effect here: the reason of an end is its exit code \
         and the last line of its log\n"
    );
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let text =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {password: hunter2}\n";
    let objects = manifest::parse("a.yaml", text).unwrap();
    let (spec, _) = spec::read(&objects[0]).unwrap().unwrap();
    assert!(matches!(&spec, Spec::Config(data) if data.0["password"] == b"hunter2"));
    let debug = format!("{spec:?}");
    assert!(debug.contains("password") && !debug.contains("hunter2"));
}

#[test]
fn volumes_stay_inside_their_pod() {
    let two = "volumeMounts: [{name: v, mountPath: /v}, {name: v, mountPath: /v/}]";
    let sub_path = "volumeMounts: [{name: v, mountPath: /v, subPath: ../x}]";
    let planted = "volumeMounts: [{name: v, mountPath: /v, subPath: x}]";
    let cases = [
        ("", "{name: v, emptyDir: {}}", ""),
        (
            "",
            "{name: ../../x, emptyDir: {}}",
            "is not a volume's name",
        ),
        (
            "",
            "{name: v, hostPath: {path: /}}",
            "`hostPath` is not supported",
        ),
        (
            "",
            "{name: v, configMap: {name: c, items: [{key: k, path: ../x}]}}",
            "do not begin with `..`",
        ),
        (
            "",
            "{name: v, configMap: {name: c, items: [{key: k, path: /x}]}}",
            "expected a relative path",
        ),
        (
            "",
            "{name: v, configMap: {name: c, items: [{key: k, path: ..data}]}}",
            "do not begin with `..`",
        ),
        (
            "",
            "{name: v, emptyDir: {}, secret: {secretName: s}}",
            "exactly one source",
        ),
        (two, "{name: v, emptyDir: {}}", "mounts two volumes at /v/"),
        (
            sub_path,
            "{name: v, secret: {secretName: s}}",
            "do not begin with `..`",
        ),
        (
            planted,
            "{name: v, emptyDir: {}}",
            "`subPath` of an emptyDir is not supported yet",
        ),
        (planted, "{name: v, secret: {secretName: s}}", ""),
    ];
    for (container, volume, expected) in cases {
        let text = deployment(container) + &format!("      volumes: [{volume}]\n");
        check(&text, expected);
    }
}

#[test]
fn what_a_volume_in_memory_is_not_is_said() {
    let volume = "      volumes: [{name: v, emptyDir: {medium: Memory, sizeLimit: 1Mi}}]\n";
    let once = deployment("volumeMounts: [{name: v, mountPath: /v}]");
    assert_eq!(
        problems(&(once + volume)),
        "note: a.yaml:11:38: `medium`: a volume in memory begins empty whenever its container starts again\n"
    );
    let twice = deployment("volumeMounts: [{name: v, mountPath: /v}, {name: v, mountPath: /w}]");
    let why = "has no effect here: a volume that is mounted more than once is a folder on disk";
    assert_eq!(
        problems(&(twice + volume)),
        format!("note: a.yaml:11:38: `medium` {why}\nnote: a.yaml:11:54: `sizeLimit` {why}\n")
    );
}

const WHOLE: &str = include_str!("whole.yaml");

/// Everything that happens to a manifest before it is applied.
fn digest(text: &str) {
    let Ok(mut objects) = manifest::parse("a.yaml", text) else {
        return;
    };
    let (project, image) = ("hello".parse().unwrap(), towpath_model::Digest::of(b""));
    drop(manifest::pin_images(
        &mut objects,
        &project,
        &image,
        "127.0.0.1:1",
    ));
    let Ok(placed) = manifest::place(objects, &"hello".parse().unwrap()) else {
        return;
    };
    for object in &placed {
        drop(spec::read(object));
    }
    let record = manifest::to_yaml(&placed);
    assert_eq!(
        manifest::parse("record.yaml", &record).map(|again| again.len()),
        Ok(placed.len()),
        "{record}"
    );
}

#[test]
fn every_supported_field_is_read() {
    let objects = manifest::parse("whole.yaml", WHOLE).unwrap();
    let notes = objects
        .iter()
        .flat_map(|object| spec::read(object).unwrap().unwrap().1);
    assert_eq!(
        notes.map(|note| note.message).collect::<Vec<_>>(),
        ["`medium`: a volume in memory begins empty whenever its container starts again"]
    );
    digest(WHOLE);
}

proptest! {
    #[test]
    fn no_manifest_is_a_panic(
        edits in prop::collection::vec((0..WHOLE.len(), 0..20usize, "[ -~\n]{0,8}"), 1..6),
    ) {
        let mut text = WHOLE.to_owned();
        for (at, removed, put) in edits {
            let start = at.min(text.len());
            let end = (start + removed).min(text.len());
            text.replace_range(start..end, &put);
        }
        digest(&text);
    }
}
