//! A git host: repositories over smart HTTP, and as much of the APIs of GitHub, GitLab, Gitea and Bitbucket as
//! we use, at their paths. It writes down what it is asked.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use towpath_git::{Body, Options, Repositories};
use towpath_model::{ClusterName, Project, ProjectName, RefName, Timestamp};
use towpath_store::{Blobs, Store};

const APIS: [&str; 4] = ["/api/v3/", "/api/v4/", "/api/v1/", "/rest/api/1.0/"];

pub(crate) struct GitHost {
    address: String,
    asked: Arc<Mutex<Asked>>,
    server: JoinHandle<()>,
    _folder: TempDir,
}

#[derive(Default)]
struct Asked {
    calls: Vec<Call>,
    hooks: Vec<Value>,
    made: i64,
    refuse: Option<StatusCode>,
    retry_after: Option<u64>,
}

/// One call of the API.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// What stood in the header of the token.
    pub(crate) token: String,
    pub(crate) body: Value,
}

impl Drop for GitHost {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl GitHost {
    /// With one empty repository, `acme/hello`.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repositories = repositories(&folder).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::<Mutex<Asked>>::default();
        let server = tokio::spawn(serve(listener, repositories, Arc::clone(&asked)));
        Self {
            address,
            asked,
            server,
            _folder: folder,
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/acme/hello.git", self.address)
    }

    /// The calls whose path holds this.
    pub(crate) fn calls(&self, path: &str) -> Vec<Call> {
        let asked = self.asked.lock().unwrap();
        let calls = asked.calls.iter();
        calls
            .filter(|call| call.path.contains(path))
            .cloned()
            .collect()
    }

    /// The webhooks that are registered now.
    pub(crate) fn hooks(&self) -> Vec<Value> {
        self.asked.lock().unwrap().hooks.clone()
    }

    /// Forgets all webhooks, as somebody who removes them by hand.
    pub(crate) fn lose_hooks(&self) {
        self.asked.lock().unwrap().hooks.clear();
    }

    /// Changes what is known of all webhooks.
    pub(crate) fn change_hooks(&self, change: impl Fn(&mut Value)) {
        let mut asked = self.asked.lock().unwrap();
        asked.hooks.iter_mut().for_each(change);
    }

    /// Wants to be left alone for so many seconds, until told otherwise.
    pub(crate) fn wait(&self, seconds: Option<u64>) {
        let mut asked = self.asked.lock().unwrap();
        asked.refuse = seconds.map(|_| StatusCode::TOO_MANY_REQUESTS);
        asked.retry_after = seconds;
    }

    /// Answers every call of the API with this, until told otherwise.
    pub(crate) fn refuse(&self, status: Option<StatusCode>) {
        self.asked.lock().unwrap().refuse = status;
    }
}

async fn repositories(folder: &TempDir) -> Repositories {
    let store = Store::open(folder.path()).await.unwrap();
    let blobs = Blobs::open(&folder.path().join("blobs")).unwrap();
    let root = folder.path().join("repos");
    let opened = Repositories::open(root, store.clone(), blobs, Options::default());
    let repositories = opened.await.unwrap();
    let project = Project {
        name: hello(),
        branch: RefName::branch("main").unwrap(),
        cluster: ClusterName::local(),
        namespace: hello().default_namespace(),
        created_at: Timestamp(1),
    };
    repositories
        .create(&project.name, &project.branch)
        .await
        .unwrap();
    store.create_project(&project).await.unwrap();
    repositories
}

fn hello() -> ProjectName {
    "hello".parse().unwrap()
}

async fn serve(listener: TcpListener, repositories: Repositories, asked: Arc<Mutex<Asked>>) {
    loop {
        let (connection, _) = listener.accept().await.unwrap();
        let (repositories, asked) = (repositories.clone(), Arc::clone(&asked));
        let service = service_fn(move |request| {
            let (repositories, asked) = (repositories.clone(), Arc::clone(&asked));
            async move { Ok::<_, Infallible>(answer(&repositories, &asked, request).await) }
        });
        tokio::spawn(async move {
            // A client that breaks off is part of the tests.
            let _ended = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(connection), service)
                .await;
        });
    }
}

async fn answer(
    repositories: &Repositories,
    asked: &Mutex<Asked>,
    request: Request<Incoming>,
) -> Response<Either<Body, Full<Bytes>>> {
    let path = request.uri().path().to_owned();
    if !APIS.iter().any(|api| path.starts_with(api)) {
        return repositories
            .handle(&hello(), request)
            .await
            .map(Either::Left);
    }
    let headers = request.headers();
    let token = headers
        .get("private-token")
        .or(headers.get("authorization"));
    let token = token.map_or("", |token| token.to_str().unwrap()).to_owned();
    let method = request.method().clone();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let call = Call {
        method,
        path,
        token,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    let (status, answer, retry_after) = {
        let mut asked = asked.lock().unwrap();
        let (status, answer) = asked.answer(call);
        (status, answer, asked.retry_after)
    };
    let mut response = Response::new(Either::Right(Full::from(answer.to_string())));
    *response.status_mut() = status;
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("Retry-After", seconds.into());
    }
    response
}

impl Asked {
    fn answer(&mut self, call: Call) -> (StatusCode, Value) {
        self.calls.push(call.clone());
        if let Some(status) = self.refuse {
            return (status, json!({ "message": "not now" }));
        }
        let id = call.path.rsplit('/').next().unwrap_or_default().to_owned();
        let about_hooks = call.path.contains("/hooks") || call.path.contains("/webhooks");
        match (call.method, about_hooks) {
            (Method::GET, true) if id.parse::<i64>().is_ok() => {
                match self.hooks.iter().find(|hook| has_id(hook, &id)) {
                    Some(hook) => (StatusCode::OK, hook.clone()),
                    None => (StatusCode::NOT_FOUND, json!({ "message": "Not Found" })),
                }
            }
            (Method::GET, true) if call.path.starts_with("/rest/") => {
                (StatusCode::OK, json!({ "values": self.hooks }))
            }
            (Method::GET, true) => (StatusCode::OK, json!(self.hooks)),
            (Method::POST, true) => (StatusCode::CREATED, self.add(call.body)),
            (Method::DELETE, true) => {
                self.hooks.retain(|hook| !has_id(hook, &id));
                (StatusCode::NO_CONTENT, Value::Null)
            }
            (Method::PATCH | Method::PUT, true) => {
                for hook in self.hooks.iter_mut().filter(|hook| has_id(hook, &id)) {
                    let kept = hook["id"].clone();
                    *hook = call.body.clone();
                    hook["id"] = kept;
                }
                (StatusCode::OK, Value::Null)
            }
            _ => (StatusCode::CREATED, json!({})),
        }
    }

    fn add(&mut self, mut hook: Value) -> Value {
        self.made += 1;
        hook["id"] = json!(self.made);
        self.hooks.push(hook.clone());
        hook
    }
}

fn has_id(hook: &Value, id: &str) -> bool {
    hook["id"].as_i64().is_some_and(|own| id.parse() == Ok(own))
}
