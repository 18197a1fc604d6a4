//! CodeCommit through Amazon SNS: what it signs, for which topic, and how its subscription is confirmed. SNS is played
//! at its own names, behind a proxy that leads all of them to it. moto, which plays SNS elsewhere, makes its signatures up.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use towpath_model::Timestamp;
use towpath_testkit::{Authority, TowpathServer, WorkTree, require};

use crate::git_host::GitHost;
use crate::network::{Proxy, TlsFront};
use crate::program::{assert_status, program};

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:pushes";
const HOST: &str = "sns.eu-west-1.amazonaws.com";
const FILE: &str = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";

const ISSUER: &str = "http://crt.test.amazontrust.com/issuer.cer";

/// What SNS serves: the certificate that it signs with, and confirmations. It writes down what it is asked.
struct Sns {
    authority: Authority,
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

/// The certificate that SNS signs with, alone, and its issuer's, which it names: as Amazon has it.
struct Served {
    certificate: Vec<u8>,
    issuer: Vec<u8>,
}

impl Served {
    fn new(authority: &Authority) -> Self {
        let issuer = "basicConstraints=critical,CA:TRUE";
        authority.issue("issuer", issuer).unwrap();
        let names = format!(
            "subjectAltName=DNS:sns.amazonaws.com\nextendedKeyUsage=serverAuth\nauthorityInfoAccess=caIssuers;URI:{ISSUER}"
        );
        authority.issue_by("issuer", "signer", &names).unwrap();
        let to_der = [
            "x509",
            "-in",
            "issuer.pem",
            "-outform",
            "DER",
            "-out",
            "issuer.der",
        ];
        authority.openssl(&to_der).unwrap();
        let read = |name| std::fs::read(authority.path(name)).unwrap();
        Self {
            certificate: read("signer.pem"),
            issuer: read("issuer.der"),
        }
    }
}

impl Drop for Sns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sns {
    async fn start() -> Option<Self> {
        let authority = Authority::new(&require("openssl")?).unwrap();
        let served = Arc::new(Served::new(&authority));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let all = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                let (all, served) = (Arc::clone(&all), Arc::clone(&served));
                let service = service_fn(move |request: Request<Incoming>| {
                    let answer = answer(&all, &served, &request);
                    async move { Ok::<_, Infallible>(answer) }
                });
                tokio::spawn(async move {
                    let _ended = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(connection), service)
                        .await;
                });
            }
        });
        Some(Self {
            authority,
            address,
            asked,
            task,
        })
    }

    /// How often it was asked for what holds this.
    fn asked(&self, what: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|path| path.contains(what)).count()
    }

    /// The message signed, as "Verifying the signatures of Amazon SNS messages" has it.
    fn signed(&self, mut message: Value) -> Value {
        let fields: &[&str] = match message["Type"] == "Notification" {
            true => &["Message", "MessageId", "Timestamp", "TopicArn", "Type"],
            false => &[
                "Message",
                "MessageId",
                "SubscribeURL",
                "Timestamp",
                "Token",
                "TopicArn",
                "Type",
            ],
        };
        let text: String = fields
            .iter()
            .map(|field| format!("{field}\n{}\n", message[*field].as_str().unwrap()))
            .collect();
        let digest = if message["SignatureVersion"] == "1" {
            "-sha1"
        } else {
            "-sha256"
        };
        std::fs::write(self.authority.path("text"), text).unwrap();
        let sign = [
            "dgst",
            digest,
            "-sign",
            "signer.key",
            "-out",
            "signature",
            "text",
        ];
        self.authority.openssl(&sign).unwrap();
        let signature = std::fs::read(self.authority.path("signature")).unwrap();
        message["Signature"] = BASE64_STANDARD.encode(signature).into();
        message
    }
}

fn answer(
    asked: &Mutex<Vec<String>>,
    served: &Served,
    request: &Request<Incoming>,
) -> Response<Full<Bytes>> {
    let path = request.uri().to_string();
    asked.lock().unwrap().push(path.clone());
    let (status, body) = match path.as_str() {
        path if path.ends_with(FILE) => (StatusCode::OK, served.certificate.clone()),
        ISSUER => (StatusCode::OK, served.issuer.clone()),
        path if path.contains("Action=ConfirmSubscription") && path.contains("Token=good") => {
            (StatusCode::OK, b"<ConfirmSubscriptionResponse/>".to_vec())
        }
        _ => (StatusCode::BAD_REQUEST, b"InvalidParameter".to_vec()),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response
}

/// A server with one project, which takes what SNS signs for the topic.
struct Scene {
    host: GitHost,
    tree: WorkTree,
    server: TowpathServer,
    _folder: TempDir,
}

impl Scene {
    async fn new(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = GitHost::start().await;
        let tree = WorkTree::new().unwrap();
        for script in ["ci/build.sh", "ci/test.sh"] {
            tree.write(script, "#!/bin/sh\necho done\n").unwrap();
        }
        let options = [&["--isolation", "none"], options].concat();
        let data = folder.path().join("data");
        let server = TowpathServer::start(program(), &data, &options).await;
        let server = server.unwrap();
        let remote = json!({ "url": host.url(), "provider": "codecommit", "webhook_secret": "s3cret",
                             "sns_topic": TOPIC, "poll_seconds": 0 });
        let new = json!({ "name": "hello", "remote": remote });
        let created = server.call(reqwest::Method::POST, "/api/v1/projects", Some(&new));
        assert_eq!(created.await.unwrap()["remote"]["sns_topic"], TOPIC);
        Self {
            host,
            tree,
            server,
            _folder: folder,
        }
    }

    fn push(&self) -> String {
        let commit = self.tree.commit("First").unwrap();
        self.tree.push(&self.host.url()).unwrap();
        commit
    }

    /// As SNS sends, with the password of the endpoint's URL.
    async fn send(&self, message: &Value) -> (u16, Value) {
        let request = self
            .server
            .client()
            .post(format!("{}/webhooks/codecommit/hello", self.server.url()))
            .header("x-amz-sns-message-type", "Notification")
            .header(
                AUTHORIZATION,
                format!("Basic {}", BASE64_STANDARD.encode("sns:s3cret")),
            )
            .header("Content-Type", "text/plain; charset=UTF-8")
            .body(message.to_string());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn refused(&self) -> Vec<String> {
        let list = self
            .server
            .get("/api/v1/deliveries?state=refused")
            .await
            .unwrap();
        let list = list["deliveries"].as_array().unwrap().clone();
        list.iter()
            .map(|one| one["reason"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn notification(id: &str, commit: &str, origin: &str, version: &str) -> Value {
    let source = "arn:aws:codecommit:eu-west-1:123456789012:hello";
    let record = json!({ "eventSourceARN": source,
        "codecommit": { "references": [{ "ref": "refs/heads/main", "commit": commit }] } });
    json!({ "Type": "Notification", "MessageId": id, "TopicArn": TOPIC,
            "Message": json!({ "Records": [record] }).to_string(), "Timestamp": now(),
            "SignatureVersion": version, "SigningCertURL": format!("{origin}{FILE}") })
}

fn subscription(kind: &str, token: &str, origin: &str) -> Value {
    json!({ "Type": kind, "MessageId": format!("{kind}-{token}"), "TopicArn": TOPIC, "Token": token,
            "Message": "You have chosen to subscribe.", "Timestamp": now(), "SignatureVersion": "1",
            "SubscribeURL": format!("{origin}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={token}"),
            "SigningCertURL": format!("{origin}{FILE}") })
}

fn now() -> String {
    Timestamp::from(SystemTime::now()).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_sns_signs_for_the_topic_is_taken_and_its_subscription_confirmed() {
    let Some(sns) = Sns::start().await else {
        return;
    };
    let (certificate, key) = sns
        .authority
        .issue("host", &format!("subjectAltName=DNS:{HOST}"))
        .unwrap();
    let front = TlsFront::start(&certificate, &key, sns.address.clone()).await;
    let proxy = Proxy::start(front.address(), &sns.address).await;
    let authority = sns.authority.path("root.pem");
    let options = [
        "--https-proxy",
        &proxy.url(),
        "--ca-file",
        authority.to_str().unwrap(),
    ];
    let scene = Scene::new(&options).await;
    let origin = format!("https://{HOST}");

    let confirmed = scene
        .send(&sns.signed(subscription("SubscriptionConfirmation", "good", &origin)))
        .await;
    let (status, answer) = confirmed;
    assert_eq!(
        (status, &answer["state"]),
        (200, &json!("done")),
        "{answer}"
    );
    assert_eq!(
        answer["reason"],
        format!("confirmed the subscription to {TOPIC}")
    );
    assert_eq!(sns.asked("Token=good"), 1);

    let commit = scene.push();
    for (id, version) in [("m1", "1"), ("m2", "2")] {
        let (status, answer) = scene
            .send(&sns.signed(notification(id, &commit, &origin, version)))
            .await;
        assert_eq!(status, 202, "{answer}");
    }
    let execution = scene.server.finished("hello", 1).await;
    assert_status(&execution, "succeeded");
    assert_eq!(execution["commit"], commit);
    assert_eq!(sns.asked(FILE), 1, "the certificate is kept");
    let plain = format!("GET {ISSUER} HTTP/1.1");
    let expected = format!("CONNECT {HOST}:443 HTTP/1.1");
    let ways = proxy.asked();
    assert!(ways.contains(&plain), "{ways:?}");
    let mut others = ways.iter().filter(|line| **line != plain);
    assert!(others.all(|line| *line == expected), "{ways:?}");
    assert_eq!(sns.asked(ISSUER), 1, "the issuer is kept, too");

    let ended = sns.signed(subscription("UnsubscribeConfirmation", "good", &origin));
    let (status, answer) = scene.send(&ended).await;
    assert_eq!(status, 200, "{answer}");
    assert!(
        answer["reason"].as_str().unwrap().contains("was ended"),
        "{answer}"
    );
    assert_eq!(
        sns.asked("Token=good"),
        1,
        "the end of a subscription is not undone"
    );
    assert!(scene.refused().await.is_empty());

    let (status, answer) = scene
        .send(&sns.signed(subscription("SubscriptionConfirmation", "bad", &origin)))
        .await;
    assert_eq!(status, 503, "{answer}");
    let refused = scene.refused().await;
    assert!(
        refused[0].contains("could not be confirmed") && refused[0].contains("InvalidParameter"),
        "{refused:?}"
    );
    scene.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_signed_for_the_topic_is_refused_and_says_why() {
    let Some(sns) = Sns::start().await else {
        return;
    };
    let endpoint = format!("http://{}", sns.address);
    let scene = Scene::new(&["--sns-endpoint", &endpoint]).await;
    let commit = "a".repeat(40);
    let good = notification("m1", &commit, &endpoint, "2");
    let changed = |field: &str, value: Value| {
        let mut message = good.clone();
        message[field] = value;
        message
    };
    let other = "arn:aws:sns:eu-west-1:999999999999:pushes";
    let mut forged = sns.signed(good.clone());
    forged["Message"] = json!({ "Records": [] }).to_string().into();
    let event =
        json!({ "id": "e1", "detail-type": "CodeCommit Repository State Change", "detail": {} });
    for (message, status, reason) in [
        (forged, 401, "the signature of the SNS message is wrong"),
        (
            sns.signed(changed("TopicArn", other.into())),
            403,
            "it is of the SNS topic arn:aws:sns:eu-west-1:999999999999:pushes",
        ),
        (
            sns.signed(changed("Timestamp", "2026-01-01T00:00:00.000Z".into())),
            401,
            "could be a replay",
        ),
        (
            sns.signed(changed(
                "SigningCertURL",
                "http://169.254.169.254/a.pem".into(),
            )),
            401,
            "is not where SNS has it",
        ),
        (
            sns.signed(changed(
                "SigningCertURL",
                format!("{endpoint}/other.pem").into(),
            )),
            401,
            "answers 400",
        ),
        (event, 401, "it is no message that Amazon SNS has signed"),
    ] {
        let (got, answer) = scene.send(&message).await;
        assert_eq!(got, status, "{reason}: {answer}");
        let refused = scene.refused().await;
        assert!(refused[0].contains(reason), "{refused:?}");
    }
    let count = scene.refused().await.len();
    let (status, answer) = scene.send(&sns.signed(good.clone())).await;
    assert_eq!(status, 202, "{answer}");

    let path = format!("{}/webhooks/codecommit/hello", scene.server.url());
    let asked = |header: &'static str| {
        scene
            .server
            .client()
            .post(&path)
            .header(header, "Notification")
            .body("{}")
            .send()
    };
    let answer = asked("x-amz-sns-message-type").await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(
        answer.headers()[WWW_AUTHENTICATE],
        "Basic realm=\"webhooks\""
    );
    assert_eq!(
        scene.refused().await.len(),
        count,
        "SNS shows its password only when it is asked"
    );
    assert_eq!(asked("x-other").await.unwrap().status(), 401);
    assert_eq!(scene.refused().await.len(), count + 1);
    scene.server.stop().await.unwrap();
}
