use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use reqwest::{Client, Method, RequestBuilder, Response, redirect};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};
use towpath_cluster::Clusters;
use towpath_forge::sns::Sns;
use towpath_git::{Options, Repositories};
use towpath_model::{Outbound, Timestamp};
use towpath_oci::LayerStore;
use towpath_oci::registry::Registry;
use towpath_pipeline::kept::{KeepFailed, KeptSandboxes};
use towpath_pipeline::{Collector, CollectorParts, Remotes, RemotesParts};
use towpath_remote::Hub;
use towpath_store::{Blobs, Logs, Store};
use towpath_web::{App, Parts, TlsConfig, WebConfig, serve};

/// The real server on a free port of loopback, over a fresh data folder. No engine runs: tests say what
/// happens.
pub(crate) struct Server {
    pub(crate) store: Store,
    pub(crate) logs: Logs,
    pub(crate) blobs: Blobs,
    pub(crate) work: Hub,
    pub(crate) clusters: Clusters,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    client: Client,
    _stop: DropGuard,
    _data: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut WebConfig)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut config = WebConfig {
            listen: address,
            public_url: None,
            behind_proxy: false,
            tls: None,
        };
        change(&mut config);
        let parts = parts(&data, config).await;
        let (work, clusters) = (parts.work.clone(), parts.clusters.clone());
        let (store, logs, blobs) = (parts.store.clone(), parts.logs.clone(), parts.blobs.clone());
        let token = store
            .ensure_admin_token(Timestamp(1))
            .await
            .unwrap()
            .unwrap();
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move { serve(listener, App::new(parts), stopped).await.unwrap() });
        Self {
            store,
            logs,
            blobs,
            work,
            clusters,
            address,
            token,
            client: Client::builder()
                .redirect(redirect::Policy::none())
                .build()
                .unwrap(),
            _stop: stop.drop_guard(),
            _data: data,
        }
    }

    /// What the server says that cannot start with these files.
    pub(crate) async fn failing_start(tls: TlsConfig) -> String {
        let data = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let config = WebConfig {
            listen: listener.local_addr().unwrap(),
            public_url: None,
            behind_proxy: false,
            tls: Some(tls),
        };
        let app = App::new(parts(&data, config).await);
        let served = serve(listener, app, std::future::pending()).await;
        served.unwrap_err().to_string()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request of nobody in particular.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// A request with the token.
    pub(crate) fn authorised(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        let response = self.get(path).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        text
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path).await).unwrap()
    }

    pub(crate) async fn create_project(&self, name: &str) {
        let response = self
            .authorised(Method::POST, "/api/v1/projects")
            .json(&json!({ "name": name }))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 201, "{}", response.text().await.unwrap());
    }

    /// Logs in as a browser does and gives the cookie.
    pub(crate) async fn log_in(&self) -> String {
        let response = self
            .request(Method::POST, "/login")
            .form(&[("token", &self.token[..]), ("next", "/")])
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 303);
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

async fn parts(data: &TempDir, config: WebConfig) -> Parts {
    let store = Store::open(data.path()).await.unwrap();
    let blobs = Blobs::open(&data.path().join("blobs")).unwrap();
    let logs = Logs::open(data.path().join("logs")).unwrap();
    let registry = Registry::new(store.clone(), blobs.clone());
    let git = data.path().join("git");
    let repositories = Repositories::open(git, store.clone(), blobs.clone(), Options::default());
    let repositories = repositories.await.unwrap();
    let layers = LayerStore::open(&data.path().join("layers"), blobs.clone()).unwrap();
    Parts {
        work: towpath_remote::Hub::default(),
        collector: Collector::new(CollectorParts {
            store: store.clone(),
            logs: logs.clone(),
            registry: registry.clone(),
            layers,
            cluster: None,
            keep_executions: 100,
        }),
        remotes: Remotes::new(RemotesParts {
            store: store.clone(),
            repositories: repositories.clone(),
            base_url: config.base_url(),
            is_public: false,
            outbound: Outbound::default(),
            check_hooks: None,
        }),
        sns: Arc::new(Sns::new(&Outbound::default(), None)),
        repositories,
        clusters: Clusters::new(
            store.clone(),
            Err("there is none in these tests".to_owned()),
        ),
        store,
        blobs,
        logs,
        registry,
        kept: KeptSandboxes::new(KeepFailed::No),
        config,
    }
}
