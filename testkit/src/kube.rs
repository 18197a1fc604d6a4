use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Certificate, Client, Method};
use serde_json::{Value, json};
use towpath_yaml::Node;

const VARIABLE: &str = "TOWPATH_TEST_KUBECONFIG";

/// The Kubernetes that `tests/kube/start` has started, and whose kubeconfig `TOWPATH_TEST_KUBECONFIG` names.
/// Without one the test is to return at once: the skip is printed, and with `TOWPATH_REQUIRE_REAL=1`, as in
/// CI, it is a failure. Nothing is started here.
#[must_use]
pub fn kube() -> Option<Kube> {
    let Some(path) = env::var_os(VARIABLE).filter(|path| !path.is_empty()) else {
        let required = env::var_os("TOWPATH_REQUIRE_REAL").is_some_and(|value| value == "1");
        let why = format!(
            "{VARIABLE} is not set; `export {VARIABLE}=$(tests/kube/start FOLDER)` starts a Kubernetes for it"
        );
        assert!(!required, "this test needs a Kubernetes: {why}");
        eprintln!("skipped: {why}");
        return None;
    };
    let kube = Kube::open(Path::new(&path));
    Some(kube.unwrap_or_else(|error| panic!("{VARIABLE}={}: {error:#}", path.display())))
}

/// An API server, as its administrator.
#[derive(Clone)]
pub struct Kube {
    kubeconfig: PathBuf,
    server: String,
    token: String,
    client: Client,
}

impl Kube {
    fn open(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)?;
        let documents = towpath_yaml::parse(&path.display().to_string(), &text)?;
        let config = &documents.first().context("it is empty")?.root;
        let authority = STANDARD.decode(first(
            config,
            "clusters",
            &["cluster", "certificate-authority-data"],
        )?)?;
        let client = Client::builder()
            .tls_certs_only([Certificate::from_pem(&authority)?])
            .build()?;
        Ok(Self {
            kubeconfig: path.to_owned(),
            server: first(config, "clusters", &["cluster", "server"])?.to_owned(),
            token: first(config, "users", &["user", "token"])?.to_owned(),
            client,
        })
    }

    /// Its contexts: `admin`, the current one, and `limited`, a user of the group `limited` without any rights.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A namespace of the test's own. The annotations are those of `tests/kube/README.md`: what pods do that
    /// have none themselves.
    pub async fn namespace(&self, annotations: &[(&str, &str)]) -> Result<KubeNamespace> {
        let name = unique_name();
        let annotations: BTreeMap<_, _> = annotations.iter().copied().collect();
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "annotations": annotations},
        });
        self.call(Method::POST, "/api/v1/namespaces", Some(&namespace))
            .await?;
        Ok(KubeNamespace {
            kube: self.clone(),
            name,
        })
    }

    /// Lets `folder` play the root of containers of `image`, a reference as the pod has it. Without one the
    /// machine's own root does.
    pub fn play_image(&self, image: &str, folder: &Path) -> Result<PlayedImage> {
        let images = self.folder()?.join("images");
        fs::create_dir_all(&images)?;
        let link = images.join(image.replace('/', "_"));
        std::os::unix::fs::symlink(folder.canonicalize()?, &link)
            .with_context(|| link.display().to_string())?;
        Ok(PlayedImage(link))
    }

    fn folder(&self) -> Result<&Path> {
        self.kubeconfig
            .parent()
            .context("a kubeconfig is in a folder")
    }

    /// A request to the API; a merge patch with `PATCH`. Any answer but 2xx is an error with its text.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let content_type = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.server))
            .bearer_auth(&self.token)
            .header("content-type", content_type);
        if let Some(body) = body {
            request = request.body(serde_json::to_vec(body)?);
        }
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        if !status.is_success() {
            bail!("{method} {path}: {status}: {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("{method} {path}: {text}"))
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await
    }
}

/// Deleted when dropped, with all that is in it; the controllers do so a moment later.
pub struct KubeNamespace {
    kube: Kube,
    name: String,
}

impl KubeNamespace {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Changes what the namespace's pods do by default; also those that are there.
    pub async fn annotate(&self, name: &str, value: &str) -> Result<()> {
        let patch = json!({"metadata": {"annotations": {name: value}}});
        let path = format!("/api/v1/namespaces/{}", self.name);
        self.kube.call(Method::PATCH, &path, Some(&patch)).await?;
        Ok(())
    }
}

impl Drop for KubeNamespace {
    fn drop(&mut self) {
        let kube = self.kube.clone();
        let path = format!("/api/v1/namespaces/{}", self.name);
        // The test's own runtime may be ending: this one lives as long as the request.
        let deletion = std::thread::spawn(move || delete(&kube, &path));
        match deletion.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("the namespace {} is left: {error:#}", self.name),
            Err(_) => eprintln!("the namespace {} is left", self.name),
        }
    }
}

/// The image is played until this is dropped.
pub struct PlayedImage(PathBuf);

impl Drop for PlayedImage {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            eprintln!("{} is left: {error}", self.0.display());
        }
    }
}

fn first<'a>(config: &'a Node, list: &str, path: &[&str]) -> Result<&'a str> {
    let item = config.get(list).and_then(|list| list.items().first());
    item.and_then(|item| item.at(path)?.as_str())
        .with_context(|| format!("the first of {list} has no {}", path.join(".")))
}

/// Tests of several processes share the API server.
fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = now.map_or(0, |time| time.as_millis());
    format!("test-{millis}-{}-{next}", std::process::id())
}

fn delete(kube: &Kube, path: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // A connection belongs to the runtime that made it: this takes a client of its own.
    let kube = Kube::open(&kube.kubeconfig)?;
    runtime.block_on(kube.call(Method::DELETE, path, None))?;
    Ok(())
}
