//! 1,000 objects applied by Towpath beside a bare client that does the same: `cargo xtask bench apply`.
//!
//! `apply_beside_bare KUBECONFIG [ROUNDS]`: an API server for tests. The two take turns, each in a namespace of
//! its own, and every other round the other one begins. What counts is the ratio within a round: what else
//! the machine does meanwhile meets both. Before each turn the cluster is at rest, so that nobody pays for
//! the controllers' work, and the garbage, of whoever was before; the first round is for warming up.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use k8s_openapi::api::{apps, core::v1};
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client, Config};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde_json::{Value, json};
use towpath_cluster::{Cluster, Connection, KubernetesCluster, Object, manifest};
use towpath_model::Namespace;
use towpath_store::Store;

const ROUNDS: usize = 9;
const CONCURRENCY: usize = 16;
/// How long the cluster may take to come to rest.
const REST: Duration = Duration::from_secs(300);

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().expect("a kubeconfig");
    let rounds = arguments
        .next()
        .map_or(ROUNDS, |text| text.parse().unwrap());
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
    let (mut made, mut unchanged, mut own) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..=rounds {
        let [ours, bare] = round(&cluster, &client, number).await;
        if number == 0 {
            continue;
        }
        made.push(Pair::of(ours.made, bare.made));
        unchanged.push(Pair::of(ours.unchanged, bare.unchanged));
        own.push(Pair::of(ours.own, bare.own));
    }
    println!("\n1,000 objects applied, median of {rounds} rounds");
    tell("made", &made);
    tell("unchanged", &unchanged);
    tell("own time", &own);
}

/// How long a client took, in seconds.
struct Turn {
    made: f64,
    unchanged: f64,
    /// This process's own time on a processor for both.
    own: f64,
}

/// Both of one round, in seconds.
struct Pair {
    ours: f64,
    bare: f64,
}

impl Pair {
    fn of(ours: f64, bare: f64) -> Self {
        Self { ours, bare }
    }

    fn ratio(&self) -> f64 {
        self.ours / self.bare
    }
}

/// Ours, then the bare client's, whoever was first.
async fn round(cluster: &KubernetesCluster, client: &Client, number: usize) -> [Turn; 2] {
    match number % 2 {
        0 => {
            let ours = by_towpath(cluster, client, number).await;
            [ours, by_bare(client, number).await]
        }
        _ => {
            let bare = by_bare(client, number).await;
            [by_towpath(cluster, client, number).await, bare]
        }
    }
}

fn tell(what: &str, pairs: &[Pair]) {
    let sorted = |value: fn(&Pair) -> f64| {
        let mut values: Vec<f64> = pairs.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let median = |values: &[f64]| values[values.len() / 2];
    let (ours, bare) = (sorted(|pair| pair.ours), sorted(|pair| pair.bare));
    let ratios = sorted(Pair::ratio);
    let all: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
    println!(
        "  {what:<10} Towpath {:.2} s, a bare client {:.2} s; ratio {:.2} (all: {})",
        median(&ours),
        median(&bare),
        median(&ratios),
        all.join(" ")
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
async fn by_towpath(cluster: &KubernetesCluster, client: &Client, number: usize) -> Turn {
    let namespace = namespace("ours", number);
    let project = namespace.as_str().parse().unwrap();
    let objects = manifest::place(objects(), &namespace).unwrap();
    let (start, own) = (Instant::now(), own_time());
    let applied = cluster.apply(&project, &objects).await.unwrap();
    let made = start.elapsed().as_secs_f64();
    assert_eq!(applied.changed.len(), objects.len());
    let own_made = own_time() - own;
    observed(client, &namespace).await;
    let (start, own) = (Instant::now(), own_time());
    let applied = cluster.apply(&project, &objects).await.unwrap();
    let unchanged = start.elapsed().as_secs_f64();
    assert_eq!(applied.changed.len(), 0);
    let own = own_made + own_time() - own;
    remove(client, &namespace).await;
    Turn {
        made,
        unchanged,
        own,
    }
}

/// Nothing but the same requests for the same objects, as many at a time.
async fn by_bare(client: &Client, number: usize) -> Turn {
    let namespace = namespace("bare", number);
    let objects = manifest::place(objects(), &namespace).unwrap();
    let (start, own) = (Instant::now(), own_time());
    bare_apply(client, &objects).await;
    let made = start.elapsed().as_secs_f64();
    let own_made = own_time() - own;
    observed(client, &namespace).await;
    let (start, own) = (Instant::now(), own_time());
    bare_apply(client, &objects).await;
    let unchanged = start.elapsed().as_secs_f64();
    let own = own_made + own_time() - own;
    remove(client, &namespace).await;
    Turn {
        made,
        unchanged,
        own,
    }
}

/// What this process has had of the processors so far, in seconds: what others do meanwhile does not count.
fn own_time() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    [usage.user_time(), usage.system_time()]
        .map(|time| time.num_microseconds() as f64 / 1e6)
        .iter()
        .sum()
}

/// Waits until the controllers have seen every Deployment.
async fn observed(client: &Client, namespace: &Namespace) {
    let api: Api<apps::v1::Deployment> = Api::namespaced(client.clone(), namespace.as_str());
    at_rest("the Deployments are observed", async || {
        let all = api.list(&ListParams::default()).await.unwrap();
        let generation = |of: &apps::v1::Deployment| of.status.as_ref()?.observed_generation;
        all.iter()
            .all(|deployment| generation(deployment) == deployment.metadata.generation)
    })
    .await;
}

/// Returns when nothing of it is left.
async fn remove(client: &Client, namespace: &Namespace) {
    let api: Api<v1::Namespace> = Api::all(client.clone());
    let name = namespace.as_str();
    api.delete(name, &DeleteParams::default()).await.unwrap();
    at_rest("the namespace is gone", async || {
        api.get_opt(name).await.unwrap().is_none()
    })
    .await;
}

async fn at_rest(what: &str, is_so: impl AsyncFn() -> bool) {
    let until = Instant::now() + REST;
    while !is_so().await {
        assert!(
            Instant::now() < until,
            "not within {} s: {what}",
            REST.as_secs()
        );
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
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
