//! Random Kubernetes objects. Few names, so that references meet what they name.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::elements::elements;
use super::styled::AS_IS;

pub(crate) const NAMES: [&str; 3] = ["web", "db", "settings"];
pub(crate) const IMAGES: [&str; 6] = [
    "nginx",
    "nginx:1.14",
    "app:2@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3",
    "app@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3",
    "registry.example.com:5000/team/app",
    "registry.example.com:5000/team/app:1",
];

pub(crate) fn name() -> impl Strategy<Value = &'static str> + Clone {
    select(&NAMES[..])
}

/// Strings that YAML might take for something else, or that need quotes.
pub(crate) fn text() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        4 => select(vec!["blue", "1", "true", "", "null", "a: b", "yes", "0x1f", "1e3", "2001-01-01", "- a", "#", "~", "'", "\"", "=", "012"])
            .prop_map(str::to_owned),
        2 => "[a-z]{1,8}",
        1 => "[a-c \n\"':#-]{0,12}",
        1 => "[a-bä日😀\u{7}\u{a0}\u{feff}\r \n\\\\]{0,8}",
        1 => select(vec!["$(VAR_A)", "x$(VAR_A)y$(VAR_B)", "$(NONE)"]).prop_map(str::to_owned),
        1 => "([a-z]{3,9} ){8,20}[a-z]",
    ]
}

/// What a label may hold.
pub(crate) fn labels() -> impl Strategy<Value = Value> + Clone {
    let plain = select(vec!["web", "river", "1", "true", "", "0x1f", "no"]);
    let value = prop_oneof![12 => plain, 1 => select(vec!["$(VAR_A)", "x$(VAR_B)-$(VAR_A)"])];
    vec(
        (select(vec!["app", "team", "example.com/part"]), value),
        1..3,
    )
    .prop_map(object)
}

pub(crate) fn object(pairs: Vec<(&'static str, &'static str)>) -> Value {
    let pairs = pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.into()));
    Value::Object(pairs.collect())
}

pub(crate) fn any_object() -> BoxedStrategy<Value> {
    prop_oneof![
        3 => (metadata(), workload_kind(), workload()).prop_map(|(metadata, kind, spec)| {
            json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec })
        }),
        1 => (metadata(), pod()).prop_map(|(metadata, pod)| json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata,
            "spec": { "schedule": "0 * * * *", "jobTemplate": { "spec": { "template": { "spec": pod } } } },
        })),
        2 => (metadata(), data()).prop_map(|(metadata, data)| {
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data })
        }),
        1 => (metadata(), data()).prop_map(|(metadata, data)| {
            json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data })
        }),
        2 => (metadata(), labels(), vec(1..9000u16, 1..3)).prop_map(|(metadata, selector, ports)| {
            let ports: Vec<Value> = ports.into_iter().map(|port| json!({ "port": port })).collect();
            json!({ "apiVersion": "v1", "kind": "Service", "metadata": metadata,
                "spec": { "selector": selector, "ports": ports } })
        }),
        1 => (metadata(), name(), name()).prop_map(|(metadata, service, secret)| json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata,
            "spec": { "tls": [{ "secretName": secret }],
                "defaultBackend": { "service": { "name": service, "port": { "number": 80 } } } },
        })),
        1 => (metadata(), select(vec!["Deployment", "StatefulSet"]), name()).prop_map(|(metadata, kind, name)| json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata,
            "spec": { "scaleTargetRef": { "apiVersion": "apps/v1", "kind": kind, "name": name }, "maxReplicas": 3 },
        })),
        1 => (metadata(), select(vec!["web", "default"]), option::of(select(vec!["shop", "other"]))).prop_map(binding),
        1 => metadata().prop_map(|metadata| json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata })),
        1 => select(vec!["shop", "other"]).prop_map(|name| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } })),
        2 => (metadata(), text(), select(&IMAGES[..]), any::<bool>()).prop_map(boat),
    ]
    .boxed()
}

/// Of a type that only `beside/` knows.
fn boat((metadata, note, image, has_more): (Value, String, &str, bool)) -> Value {
    let mut spec = json!({ "note": note, "image": image, "locks": [{ "name": "a", "gates": 2 }] });
    if has_more {
        spec["settings"] = "settings".into();
        spec["crew"] = json!({ "name": "web" });
        spec["labels"] = json!({ "app": "web" });
        spec["containers"] = json!([{ "image": image }]);
        spec["count"] = 1.into();
    }
    json!({ "apiVersion": "example.com/v1", "kind": "Boat", "metadata": metadata, "spec": spec })
}

/// Scalars with another text than that of their value, or with a tag.
pub(crate) fn odd() -> impl Strategy<Value = String> + Clone {
    let scalar = select(vec![
        "0644",
        "1.10",
        "3.0",
        "0x1f",
        "1e3",
        "1_000",
        "True",
        "2001-1-1",
        "2001-02-03",
        "2001-12-14t21:59:43.10-05:00",
        ".5",
        "+1",
        "0o17",
        "12:30:45",
        "!!str 5",
        "!!int \"5\"",
        "!!float 3",
        "!!str 2001-02-03",
        "!!bool \"true\"",
        "'single'",
        "\"double\"",
        "|-\n  literal",
        ">-\n  folded\n  text",
    ]);
    scalar.prop_map(|text| format!("{AS_IS}{text}"))
}

/// The name of a Boat with fields of all types.
pub(crate) const SOURCE: &str = "narrow";

pub(crate) fn source() -> BoxedStrategy<Value> {
    let number = select(vec![json!(1.5), json!(3.0), json!(1e3), json!(0.1)]);
    let scalars = (0..9000u16, number, any::<bool>(), text(), odd());
    let scalars = scalars.prop_map(|(count, share, flag, note, odd)| {
        json!({ "count": count, "share": share, "flag": flag, "note": note, "odd": odd, "empty": "" })
    });
    let crew = vec((select(vec!["name", "size", "a b", "on"]), leaf()), 1..4);
    let crew = crew.prop_map(|pairs| Value::Object(pairs.into_iter().map(own_key).collect()));
    let inner = (crew, vec(leaf(), 1..3), elements(&["a", "b"], "gates"));
    let nothing = select(vec![
        Value::Null,
        Value::Null,
        json!({}),
        json!({}),
        json!({ "a": null }),
        json!([]),
    ]);
    let shared = select(vec![
        "&crew {name: 'web', size: 1}",
        "&crew {name: &name web, mate: *name}",
        "&crew {<<: {name: web}, size: \"big\"}",
    ]);
    let mate = select(vec!["*crew", "{<<: *crew, own: 'x'}", "[*crew, *crew]"]);
    let mate = mate.prop_map(|mate| format!("{AS_IS}{mate}").into());
    let nothing = (nothing, option::weighted(0.1, (shared, mate)));
    (scalars, inner, nothing, labels()).prop_map(
        |(mut spec, (crew, list, locks), (nothing, aliases), labels)| {
            spec["crew"] = crew;
            spec["list"] = list.into();
            spec["locks"] = locks;
            spec["nothing"] = nothing;
            if let Some((shared, mate)) = aliases {
                spec["crew"] = format!("{AS_IS}{shared}").into();
                spec["mate"] = mate;
            }
            let metadata = json!({ "name": SOURCE, "labels": labels, "annotations": { "note": "a" } });
            json!({ "apiVersion": "example.com/v1", "kind": "Boat", "metadata": metadata, "spec": spec })
        },
    )
    .boxed()
}

/// A scalar of any type, mostly a text.
pub(crate) fn leaf() -> impl Strategy<Value = Value> + Clone {
    prop_oneof![
        4 => text().prop_map(Value::from),
        2 => odd().prop_map(Value::from),
        1 => select(vec![json!(5), json!(true), json!(1.5), Value::Null]),
    ]
}

pub(crate) fn own_key((key, value): (&str, Value)) -> (String, Value) {
    (key.to_owned(), value)
}

fn binding((metadata, account, namespace): (Value, &str, Option<&str>)) -> Value {
    let mut subject = json!({ "kind": "ServiceAccount", "name": account });
    if let Some(namespace) = namespace {
        subject["namespace"] = namespace.into();
    }
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "web" },
        "subjects": [subject],
    })
}

pub(crate) fn deployment(name: &'static str) -> BoxedStrategy<Value> {
    let replicas = option::weighted(0.8, 1..5u8);
    (workload(), labels(), replicas).prop_map(move |(mut spec, labels, replicas)| {
        if let Some(replicas) = replicas {
            spec["replicas"] = replicas.into();
        }
        let mut metadata = json!({ "name": name, "labels": labels });
        if metadata["labels"]["app"].is_null() {
            metadata["labels"]["app"] = "web".into();
        }
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec })
    })
    .boxed()
}

pub(crate) fn config_map(name: &'static str) -> impl Strategy<Value = Value> {
    (data(), option::weighted(0.9, text())).prop_map(move |(mut data, color)| {
        if let Some(color) = color {
            data["color"] = color.into();
        }
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": data })
    })
}

fn workload_kind() -> impl Strategy<Value = &'static str> {
    select(vec!["Deployment", "Deployment", "StatefulSet", "DaemonSet"])
}

fn metadata() -> impl Strategy<Value = Value> + Clone {
    let namespace = option::weighted(0.2, select(vec!["shop", "other"]));
    let annotations = option::weighted(0.2, text());
    (
        name(),
        namespace,
        option::weighted(0.4, labels()),
        annotations,
    )
        .prop_map(|(name, namespace, labels, note)| {
            let mut metadata = json!({ "name": name });
            if let Some(namespace) = namespace {
                metadata["namespace"] = namespace.into();
            }
            if let Some(labels) = labels {
                metadata["labels"] = labels;
            }
            if let Some(note) = note {
                metadata["annotations"] = match note.as_str() {
                    "null" => Value::Null,
                    _ => json!({ "note": note }),
                };
            }
            metadata
        })
}

fn workload() -> impl Strategy<Value = Value> {
    (option::of(0..5u8), labels(), pod()).prop_map(|(replicas, labels, pod)| {
        let mut spec = json!({
            "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": pod },
        });
        if let Some(replicas) = replicas {
            spec["replicas"] = replicas.into();
        }
        spec
    })
}

fn pod() -> impl Strategy<Value = Value> {
    let second = option::weighted(0.3, container("side"));
    let volume = option::weighted(
        0.4,
        (select(vec!["configMap", "secret", "emptyDir"]), name()),
    );
    let alike = option::weighted(0.1, elements(&["main", "side"], "image"));
    let nothing = option::weighted(
        0.1,
        (
            select(vec!["nodeSelector", "tolerations", "volumes"]),
            select(vec![Value::Null, json!({}), json!([])]),
        ),
    );
    let more = (alike, nothing);
    (container("main"), second, volume, more).prop_map(|(first, second, volume, more)| {
        let (alike, nothing) = more;
        let mut containers: Vec<Value> = [Some(first), second].into_iter().flatten().collect();
        let alike = alike.as_ref().and_then(Value::as_array);
        containers.extend(alike.into_iter().flatten().cloned());
        let mut pod = json!({ "containers": containers });
        if let Some((field, nothing)) = nothing {
            pod[field] = nothing;
        }
        if let Some((kind, name)) = volume {
            pod["volumes"] = json!([{ "name": "files", kind: volume_of(kind, name) }]);
        }
        pod
    })
}

fn volume_of(kind: &str, name: &str) -> Value {
    match kind {
        "configMap" => json!({ "name": name }),
        "secret" => json!({ "secretName": name }),
        _ => json!({}),
    }
}

pub(crate) fn container(name: &'static str) -> impl Strategy<Value = Value> + Clone {
    let from = option::weighted(0.4, super::objects::name());
    let environment = option::weighted(
        0.4,
        vec((select(vec!["COLOR", "SIZE", "MODE"]), text()), 1..3),
    );
    let alike = option::weighted(0.1, elements(&["COLOR", "SIZE"], "value"));
    let port = option::weighted(0.3, port());
    (select(&IMAGES[..]), from, (environment, alike), port).prop_map(
        move |(image, from, (environment, alike), port)| {
            let mut container = json!({ "name": name, "image": image });
            if let Some(from) = from {
                container["envFrom"] = json!([{ "configMapRef": { "name": from } }]);
            }
            if let Some(environment) = environment {
                container["env"] = variables(environment);
            }
            if let Some(alike) = alike {
                container["env"] = alike;
            }
            if let Some(port) = port {
                container["ports"] = json!([{ "containerPort": port }]);
            }
            container
        },
    )
}

/// Mostly of few, so that patches find them.
fn port() -> impl Strategy<Value = Value> + Clone {
    let written = select(vec!["0x50", "8e1", "\"80\"", "80.0", "!!int \"80\""]);
    prop_oneof![
        2 => Just(json!(80)),
        1 => (1..9000u16).prop_map(Value::from),
        1 => written.prop_map(|text| format!("{AS_IS}{text}").into()),
    ]
}

fn variables(pairs: Vec<(&str, String)>) -> Value {
    let once: Map<String, Value> = pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    once.into_iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect()
}

pub(crate) fn data() -> impl Strategy<Value = Value> + Clone {
    vec((select(vec!["color", "size", "app.conf"]), text()), 1..3).prop_map(|pairs| {
        let pairs = pairs
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.into()));
        Value::Object(pairs.collect())
    })
}
