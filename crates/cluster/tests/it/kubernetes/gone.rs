//! A server that has forgotten where a watch would begin: 410.

use std::sync::{Arc, Mutex};

use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use towpath_cluster::{Cluster, Connection, Waited};

use super::world::{DEADLINE, World};

/// How the next watches are answered, before they reach the real server.
#[derive(Clone, Copy, Debug)]
enum Gone {
    /// As proxies and extension servers do.
    Answer,
    /// As the API server does: the answer is fine, and its first event says that nothing will come.
    Event,
}

/// Stands before the real server and counts what is asked about Deployments.
struct Proxy {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

struct Seen {
    /// The next one last.
    gone: Vec<Gone>,
    lists: usize,
    watches: usize,
}

impl Proxy {
    async fn before(client: &Client, gone: &[Gone]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen {
            gone: gone.iter().rev().copied().collect(),
            lists: 0,
            watches: 0,
        }));
        let (client, shared) = (client.clone(), seen.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (client, seen) = (client.clone(), shared.clone());
                let service =
                    service_fn(move |request| answer(client.clone(), seen.clone(), request));
                tokio::spawn(async move {
                    let connection = hyper::server::conn::http1::Builder::new();
                    drop(
                        connection
                            .serve_connection(TokioIo::new(stream), service)
                            .await,
                    );
                });
            }
        });
        Self { port, seen }
    }

    fn connection(&self) -> Connection {
        Connection::Token {
            server: format!("http://127.0.0.1:{}", self.port),
            token: "the proxy has its own".to_owned(),
            certificate_authority: None,
        }
    }

    /// Lists and watches so far.
    fn counts(&self) -> (usize, usize) {
        let seen = self.seen.lock().unwrap();
        (seen.lists, seen.watches)
    }
}

async fn answer(
    client: Client,
    seen: Arc<Mutex<Seen>>,
    request: Request<Incoming>,
) -> Result<Response<Body>, kube::Error> {
    let gone = seen.lock().unwrap().intercept(&request);
    match gone {
        Some(gone) => Ok(gone.answer()),
        None => forward(client, request).await,
    }
}

impl Seen {
    fn intercept(&mut self, request: &Request<Incoming>) -> Option<Gone> {
        let uri = request.uri();
        if request.method() != http::Method::GET || !uri.path().ends_with("/deployments") {
            return None;
        }
        if !uri.query().unwrap_or_default().contains("watch=true") {
            self.lists += 1;
            return None;
        }
        self.watches += 1;
        self.gone.pop()
    }
}

impl Gone {
    fn answer(self) -> Response<Body> {
        let status = json!({"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
            "code": 410, "reason": "Expired", "message": "too old resource version: 1 (2)"});
        match self {
            Self::Answer => json_answer(StatusCode::GONE, &status),
            Self::Event => json_answer(StatusCode::OK, &json!({"type": "ERROR", "object": status})),
        }
    }
}

fn json_answer(status: StatusCode, body: &Value) -> Response<Body> {
    let answer = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json");
    answer
        .body(Body::from(format!("{body}\n").into_bytes()))
        .unwrap()
}

async fn forward(
    client: Client,
    request: Request<Incoming>,
) -> Result<Response<Body>, kube::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut forwarded = Request::builder()
        .method(parts.method)
        .uri(parts.uri.path_and_query().unwrap().as_str());
    for name in [header::ACCEPT, header::CONTENT_TYPE] {
        if let Some(value) = parts.headers.get(&name) {
            forwarded = forwarded.header(name, value);
        }
    }
    client
        .send(forwarded.body(Body::from(body.to_vec())).unwrap())
        .await
}

/// Not ready before it is watched, however slow the machine.
const SLOW: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {kube.test/delay: 6s}}
    spec: {containers: [{name: web, image: a}]}
";

async fn outlasts(gone: &[Gone]) {
    let Some(world) = World::start().await else {
        return;
    };
    let proxy = Proxy::before(&world.client, gone).await;
    let cluster = world.connect(proxy.connection()).await.unwrap();
    let objects = world.objects(SLOW);
    let applied = cluster.apply(&world.project(), &objects).await.unwrap();
    let (before, _) = proxy.counts();
    let mut progress = |line: &str| eprintln!("{line}");
    let waited = cluster.wait_ready(&applied, DEADLINE, &mut progress).await;
    assert_eq!(waited.unwrap(), Waited::Ready);
    let (lists, watches) = proxy.counts();
    // One to begin with, and one for each time that the server had forgotten.
    assert_eq!(lists - before, 1 + gone.len(), "{gone:?}");
    assert_eq!(watches, 1 + gone.len(), "{gone:?}");
    assert!(proxy.seen.lock().unwrap().gone.is_empty());
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_is_refused_as_too_old_begins_again_with_one_list() {
    outlasts(&[Gone::Answer]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_ends_as_too_old_begins_again_with_one_list() {
    outlasts(&[Gone::Event]).await;
}
