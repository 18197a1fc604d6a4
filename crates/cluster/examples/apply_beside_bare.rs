//! 1,000 objects applied by Towpath beside a bare client that does the same: `cargo xtask bench apply`.
//!
//! The argument is a kubeconfig of an API server for tests. Each round has namespaces of its own; the two take
//! turns in who is first.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client, Config};
use serde_json::{Value, json};
use towpath_cluster::{Cluster, Connection, KubernetesCluster, Object, manifest};
use towpath_model::Namespace;
use towpath_store::Store;

const ROUNDS: usize = 5;
const CONCURRENCY: usize = 16;

#[tokio::main]
async fn main() {
    let path = std::env::args().nth(1).expect("a kubeconfig");
    let kubeconfig = std::fs::read_to_string(path).unwrap();
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).await.unwrap();
    let connection = Connection::Kubeconfig {
        text: kubeconfig.clone(),
        context: None,
    };
    let cluster = KubernetesCluster::connect("bench".parse().unwrap(), connection, store)
        .await
        .unwrap();
    let client = client(&kubeconfig).await;
    let (mut ours, mut theirs) = (Times::default(), Times::default());
    for round in 0..ROUNDS {
        let names = ["ours", "bare"].map(|who| namespace(who, round));
        for turn in 0..2 {
            match (turn + round) % 2 {
                0 => ours.add(by_towpath(&cluster, &names[0]).await),
                _ => theirs.add(by_bare(&client, &names[1]).await),
            }
        }
        let namespaces: Api<v1::Namespace> = Api::all(client.clone());
        for name in names {
            let params = DeleteParams::default();
            namespaces.delete(name.as_str(), &params).await.unwrap();
        }
    }
    println!("\n1,000 objects applied, median of {ROUNDS} rounds");
    line("made", &mut ours.first, &mut theirs.first);
    line("unchanged", &mut ours.again, &mut theirs.again);
}

#[derive(Default)]
struct Times {
    first: Vec<Duration>,
    again: Vec<Duration>,
}

impl Times {
    fn add(&mut self, (first, again): (Duration, Duration)) {
        self.first.push(first);
        self.again.push(again);
    }
}

fn line(what: &str, ours: &mut [Duration], theirs: &mut [Duration]) {
    let median = |times: &mut [Duration]| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    };
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "  {what:<10} Towpath {ours:.2} s, a bare client {theirs:.2} s: {:.2}x",
        ours / theirs
    );
}

fn namespace(who: &str, round: usize) -> Namespace {
    let id = std::process::id();
    format!("bench-{who}-{id}-{round}").parse().unwrap()
}

async fn client(kubeconfig: &str) -> Client {
    let parsed = kube::config::Kubeconfig::from_yaml(kubeconfig).unwrap();
    let config = Config::from_custom_kubeconfig(parsed, &Default::default()).await;
    Client::try_from(config.unwrap()).unwrap()
}

/// Discovery, ownership, inventory and all.
async fn by_towpath(cluster: &KubernetesCluster, namespace: &Namespace) -> (Duration, Duration) {
    let project = namespace.as_str().parse().unwrap();
    let objects = manifest::place(objects(), namespace).unwrap();
    let start = Instant::now();
    let applied = cluster.apply(&project, &objects).await.unwrap();
    let first = start.elapsed();
    assert_eq!(applied.changed.len(), objects.len());
    let start = Instant::now();
    let applied = cluster.apply(&project, &objects).await.unwrap();
    assert_eq!(applied.changed.len(), 0);
    (first, start.elapsed())
}

/// Nothing but the same requests for the same objects, as many at a time.
async fn by_bare(client: &Client, namespace: &Namespace) -> (Duration, Duration) {
    let objects = manifest::place(objects(), namespace).unwrap();
    let start = Instant::now();
    bare_apply(client, &objects).await;
    let first = start.elapsed();
    let start = Instant::now();
    bare_apply(client, &objects).await;
    (first, start.elapsed())
}

async fn bare_apply(client: &Client, objects: &[Object]) {
    let (namespaces, others): (Vec<&Object>, Vec<&Object>) = objects
        .iter()
        .partition(|object| object.kind == "Namespace");
    for part in [namespaces, others] {
        let requests: Vec<_> = part
            .into_iter()
            .map(|object| bare_one(client, object))
            .collect();
        stream::iter(requests)
            .buffer_unordered(CONCURRENCY)
            .collect::<Vec<()>>()
            .await;
    }
}

async fn bare_one(client: &Client, object: &Object) {
    let (group, version) = object
        .api_version
        .split_once('/')
        .unwrap_or(("", &object.api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &object.kind));
    let api: Api<DynamicObject> = match &object.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace.as_str(), &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let params = PatchParams::apply("bare");
    let patch = Patch::Apply(&object.value);
    api.patch(&object.name, &params, &patch).await.unwrap();
}

/// What applications are made of, in about their proportions; no pods.
fn objects() -> Vec<Object> {
    let mut objects = Vec::new();
    for index in 0..200 {
        let name = format!("app-{index}");
        let labels = json!({"app": name, "app.kubernetes.io/part-of": "bench"});
        let metadata = |name: &str| json!({"name": name, "labels": labels});
        objects.extend([
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(&name)}),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(&name),
                "data": {"settings.yaml": "a: b\n".repeat(50)}}),
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata(&name),
                "stringData": {"password": "not one"}}),
            json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata(&name),
                "spec": {"clusterIP": "None", "selector": {"app": name}, "ports": [{"port": 80}]}}),
            deployment(&name, &metadata(&name), &labels),
        ]);
    }
    objects
        .into_iter()
        .map(|value| Object::generated("bench", value).unwrap())
        .collect()
}

fn deployment(name: &str, metadata: &Value, labels: &Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{
            "name": "app", "image": "registry.example/app:v1",
            "ports": [{"containerPort": 8080}],
            "env": [{"name": "A", "value": "b"}, {"name": "C", "value": "d"}],
            "readinessProbe": {"httpGet": {"path": "/", "port": 8080}},
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
        }]}},
    }})
}
