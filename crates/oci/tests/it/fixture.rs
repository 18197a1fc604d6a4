use bytes::Bytes;
use http::{Method, StatusCode};
use reqwest::Response;
use serde_json::{Value, json};
use tempfile::TempDir;
use towpath_model::Digest;
use towpath_oci::manifest::media_type;
use towpath_oci::{LayerStore, Registry};
use towpath_store::{Blobs, Store};
use towpath_testkit::RegistryServer;

/// A data folder with a registry that is served.
pub(crate) struct Fixture {
    pub(crate) data: TempDir,
    pub(crate) registry: Registry,
    pub(crate) layers: LayerStore,
    pub(crate) server: RegistryServer,
    http: reqwest::Client,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).await.unwrap();
        let blobs = Blobs::open(&data.path().join("blobs")).unwrap();
        let registry = Registry::new(store, blobs.clone());
        Self {
            layers: LayerStore::open(&data.path().join("layers"), blobs).unwrap(),
            server: RegistryServer::start(registry.clone()).await,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            data,
            registry,
        }
    }

    /// The name of an image here, as skopeo writes it.
    pub(crate) fn reference(&self, path: &str) -> String {
        format!("docker://{}/{path}", self.server.host())
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.server.url(path))
    }

    pub(crate) async fn send(&self, method: Method, path: &str) -> Response {
        self.request(method, path).send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path).await
    }

    pub(crate) async fn get_json(&self, path: impl AsRef<str>) -> Value {
        let body = self.get(path.as_ref()).await.bytes().await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    pub(crate) async fn status(&self, method: Method, path: &str) -> StatusCode {
        self.send(method, path).await.status()
    }

    /// Pushes a blob in one request.
    pub(crate) async fn push_blob(&self, repository: &str, content: &[u8]) -> Digest {
        let digest = Digest::of(content);
        let path = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        let request = self.request(Method::POST, &path).body(content.to_vec());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        digest
    }

    pub(crate) async fn put_manifest(&self, path: &str, kind: &str, body: &Value) -> Response {
        self.request(Method::PUT, path)
            .header("content-type", kind)
            .body(body.to_string())
            .send()
            .await
            .unwrap()
    }

    /// Pushes an image of one layer; neither is one that could run.
    pub(crate) async fn push_image(&self, repository: &str, tag: &str, layer: &[u8]) -> Digest {
        self.push_blob(repository, b"{}").await;
        self.push_blob(repository, layer).await;
        let path = format!("/v2/{repository}/manifests/{tag}");
        let manifest = image_manifest(b"{}", layer);
        let response = self.put_manifest(&path, media_type::OCI_MANIFEST, &manifest);
        assert_eq!(response.await.status(), StatusCode::CREATED);
        Digest::of(manifest.to_string().as_bytes())
    }
}

pub(crate) fn image_manifest(config: &[u8], layer: &[u8]) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "config": descriptor(media_type::OCI_CONFIG, config),
        "layers": [descriptor(media_type::OCI_LAYER_GZIP, layer)],
    })
}

pub(crate) fn descriptor(kind: &str, content: &[u8]) -> Value {
    json!({
        "mediaType": kind,
        "digest": Digest::of(content),
        "size": content.len(),
    })
}

pub(crate) fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name);
    value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

/// Status and code of an answer that is an error.
pub(crate) async fn error(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let body: Bytes = response.bytes().await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    (
        status,
        body["errors"][0]["code"].as_str().unwrap().to_owned(),
    )
}
