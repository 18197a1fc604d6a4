use tempfile::TempDir;
use towpath_oci::{LayerStore, Registry};
use towpath_store::{Blobs, Store};
use towpath_testkit::RegistryServer;

/// A data folder with a registry that is served.
pub(crate) struct Fixture {
    pub(crate) data: TempDir,
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) layers: LayerStore,
    pub(crate) server: RegistryServer,
    pub(crate) http: reqwest::Client,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).await.unwrap();
        let blobs = Blobs::open(&data.path().join("blobs")).unwrap();
        let registry = Registry::new(store.clone(), blobs.clone());
        Self {
            layers: LayerStore::open(&data.path().join("layers"), blobs).unwrap(),
            server: RegistryServer::start(registry.clone()).await,
            http: reqwest::Client::new(),
            data,
            store,
            registry,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        self.server.url(path)
    }

    pub(crate) fn reference(&self, path: &str) -> String {
        format!("docker://{}/{path}", self.server.host())
    }
}
