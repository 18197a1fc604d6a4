use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client, Config};
use serde_json::Value;
use tempfile::TempDir;
use towpath_cluster::{
    Applied, Cluster, ClusterError, Connection, KubernetesCluster, Object, Waited, manifest,
};
use towpath_model::{Namespace, ProjectName};
use towpath_store::Store;

pub(super) const DEADLINE: Duration = Duration::from_secs(60);

/// A cluster, a namespace of its own and a project of the same name.
pub(crate) struct World {
    _data: TempDir,
    kubeconfig: String,
    store: Store,
    pub(crate) cluster: KubernetesCluster,
    /// Somebody else, who uses the cluster as well.
    pub(super) client: Client,
    pub(crate) namespace: Namespace,
}

impl World {
    /// `None` when there is no API server to test with; it says so.
    pub(crate) async fn start() -> Option<Self> {
        let kubeconfig = kubeconfig()?;
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).await.unwrap();
        let cluster = connect(&kubeconfig, None, &store).await;
        let parsed = kube::config::Kubeconfig::from_yaml(&kubeconfig).unwrap();
        let config = Config::from_custom_kubeconfig(parsed, &Default::default())
            .await
            .unwrap();
        Some(Self {
            _data: data,
            kubeconfig,
            store,
            cluster,
            client: Client::try_from(config).unwrap(),
            namespace: unique().parse().unwrap(),
        })
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// The same installation with other credentials.
    pub(super) async fn limited(&self) -> KubernetesCluster {
        connect(&self.kubeconfig, Some("limited"), &self.store).await
    }

    /// The same installation, connected in another way.
    pub(super) async fn connect(
        &self,
        connection: Connection,
    ) -> Result<KubernetesCluster, ClusterError> {
        let name = "test".parse().unwrap();
        KubernetesCluster::connect(name, connection, self.store.clone()).await
    }

    /// The server's certificate authority, in PEM.
    pub(super) fn authority(&self) -> String {
        let parsed = kube::config::Kubeconfig::from_yaml(&self.kubeconfig).unwrap();
        let cluster = parsed.clusters[0].cluster.clone().unwrap();
        let authority = cluster.certificate_authority_data.unwrap();
        String::from_utf8(BASE64_STANDARD.decode(authority).unwrap()).unwrap()
    }

    pub(super) fn admin_token(&self) -> String {
        let parsed = kube::config::Kubeconfig::from_yaml(&self.kubeconfig).unwrap();
        let admin = serde_json::to_value(&parsed.auth_infos[0]).unwrap();
        admin["user"]["token"].as_str().unwrap().to_owned()
    }

    /// A token of a service account.
    pub(super) async fn token_of(&self, account: &str) -> String {
        let accounts: Api<v1::ServiceAccount> =
            Api::namespaced(self.client.clone(), self.namespace.as_str());
        let request = TokenRequest::default();
        let answer = accounts
            .create_token_request(account, &PostParams::default(), &request)
            .await;
        answer.unwrap().status.unwrap().token.unwrap()
    }

    /// The same installation through another way to the server.
    pub(super) async fn through(&self, port: u16) -> KubernetesCluster {
        let server = self.cluster.server().trim_end_matches('/');
        let kubeconfig = self
            .kubeconfig
            .replace(server, &format!("https://127.0.0.1:{port}"));
        connect(&kubeconfig, None, &self.store).await
    }

    pub(super) fn port(&self) -> u16 {
        let server = self.cluster.server().trim_end_matches('/');
        server.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// Another installation, with the same project.
    pub(super) async fn another_installation(&self) -> (TempDir, KubernetesCluster) {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).await.unwrap();
        let cluster = connect(&self.kubeconfig, None, &store).await;
        (data, cluster)
    }

    pub(crate) fn project(&self) -> ProjectName {
        self.namespace.as_str().parse().unwrap()
    }

    pub(crate) fn objects(&self, manifests: &str) -> Vec<Object> {
        let objects = manifest::parse("app.yaml", manifests).unwrap();
        manifest::place(objects, &self.namespace).unwrap()
    }

    pub(super) async fn try_apply(&self, manifests: &str) -> Result<Applied, ClusterError> {
        let objects = self.objects(manifests);
        self.cluster.apply(&self.project(), &objects).await
    }

    pub(super) async fn apply(&self, manifests: &str) -> Applied {
        self.try_apply(manifests).await.unwrap()
    }

    /// What the cluster says against it.
    pub(super) async fn refused(&self, manifests: &str) -> String {
        self.try_apply(manifests).await.unwrap_err().to_string()
    }

    pub(super) async fn wait(&self, applied: &Applied) -> Waited {
        let mut progress = |line: &str| eprintln!("{line}");
        self.cluster
            .wait_ready(applied, DEADLINE, &mut progress)
            .await
            .unwrap()
    }

    /// Applies as somebody else.
    pub(super) async fn other(&self, manager: &str, object: Value) {
        let api = self.api(&object);
        let name = object["metadata"]["name"].as_str().unwrap();
        let params = PatchParams::apply(manager).force();
        api.patch(name, &params, &Patch::Apply(&object))
            .await
            .unwrap();
    }

    pub(super) async fn get(&self, api_version: &str, kind: &str, name: &str) -> Option<Value> {
        let object = serde_json::json!({"apiVersion": api_version, "kind": kind});
        let found = self.api(&object).get_opt(name).await.unwrap();
        found.map(|found| serde_json::to_value(found).unwrap())
    }

    /// Labels of a ConfigMap; `null` removes one.
    pub(super) async fn relabel(&self, name: &str, labels: Value) {
        let patch = serde_json::json!({"metadata": {"labels": labels}});
        self.merge(name, &patch).await;
    }

    /// Removes the finalizers of a ConfigMap.
    pub(super) async fn unhold(&self, name: &str) {
        let patch = serde_json::json!({"metadata": {"finalizers": null}});
        self.merge(name, &patch).await;
    }

    async fn merge(&self, name: &str, patch: &Value) {
        let api = self.api(&serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap"}));
        api.patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
    }

    pub(super) async fn delete(&self, api_version: &str, kind: &str, name: &str) {
        let object = serde_json::json!({"apiVersion": api_version, "kind": kind});
        let api = self.api(&object);
        api.delete(name, &DeleteParams::default()).await.unwrap();
    }

    fn api(&self, object: &Value) -> Api<DynamicObject> {
        let api_version = object["apiVersion"].as_str().unwrap();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let kind = object["kind"].as_str().unwrap();
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match kind {
            "CustomResourceDefinition"
            | "Namespace"
            | "ValidatingWebhookConfiguration"
            | "ValidatingAdmissionPolicy"
            | "ValidatingAdmissionPolicyBinding" => Api::all_with(self.client.clone(), &resource),
            _ => Api::namespaced_with(self.client.clone(), self.namespace.as_str(), &resource),
        }
    }

    /// Nothing is left when the test is over.
    pub(crate) async fn finish(self) {
        self.cluster.delete(&self.project()).await.unwrap();
        let namespaces: Api<v1::Namespace> = Api::all(self.client.clone());
        let name = self.namespace.as_str();
        drop(namespaces.delete(name, &DeleteParams::default()).await);
    }
}

pub(super) async fn connect(
    kubeconfig: &str,
    context: Option<&str>,
    store: &Store,
) -> KubernetesCluster {
    let connection = Connection::Kubeconfig {
        text: kubeconfig.to_owned(),
        context: context.map(str::to_owned),
    };
    KubernetesCluster::connect("test".parse().unwrap(), connection, store.clone())
        .await
        .unwrap()
}

fn kubeconfig() -> Option<String> {
    let kube = towpath_testkit::kube()?;
    Some(std::fs::read_to_string(kube.kubeconfig()).unwrap())
}

/// Tests of several processes share the API server.
pub(super) fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let time = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    format!("t{}-{}-{next}", time.as_millis(), std::process::id())
}
