//! From a push at a git host to an execution, and back to the git host.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use hyper::{Method, StatusCode};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use towpath_forge::{HookSecret, sign};
use towpath_model::Provider;
use towpath_testkit::{TowpathServer, WorkTree, eventually, eventually_async};

use crate::git_host::GitHost;
use crate::program::{assert_status, program};

/// Making one reads the system's certificates, which takes a while. It keeps no connection, as each test has a
/// runtime of its own.
static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let client = Client::builder().pool_max_idle_per_host(0);
    client.build().unwrap()
});

const ALL_WITH_API: [Provider; 4] = [
    Provider::Github,
    Provider::Gitlab,
    Provider::Gitea,
    Provider::Bitbucket,
];

/// A server that says under which URL it is reached.
pub(crate) struct Scene {
    pub(crate) host: GitHost,
    pub(crate) server: TowpathServer,
    listen: String,
    tree: WorkTree,
    folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listen = free_address();
        let server = start(&folder, &listen, options).await;
        let tree = WorkTree::new().unwrap();
        tree.write("ci/build.sh", "#!/bin/sh\necho built\n")
            .unwrap();
        tree.write("ci/test.sh", "#!/bin/sh\necho tested\n")
            .unwrap();
        Self {
            host: GitHost::start().await,
            server,
            listen,
            tree,
            folder,
        }
    }

    pub(crate) fn push(&self, title: &str) -> String {
        self.tree.write("title", title).unwrap();
        let commit = self.tree.commit(title).unwrap();
        self.tree.push(&self.host.url()).unwrap();
        commit
    }

    pub(crate) async fn create(&self, name: &str, remote: Value) -> Value {
        let new = json!({ "name": name, "remote": remote });
        let created = self
            .server
            .call(Method::POST, "/api/v1/projects", Some(&new));
        created.await.unwrap()
    }

    pub(crate) async fn remote(&self, name: &str) -> Value {
        let path = format!("/api/v1/projects/{name}");
        self.server.get(&path).await.unwrap()["remote"].clone()
    }

    fn hook_url(&self, path: &str) -> String {
        format!("http://{}/webhooks/{path}", self.listen)
    }
}

async fn start(folder: &TempDir, listen: &str, options: &[&str]) -> TowpathServer {
    let url = format!("http://{listen}");
    let data = folder.path().join("data");
    let options = [&["--public-url", &url], options].concat();
    TowpathServer::start_at(program(), &data, listen, &options)
        .await
        .unwrap()
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A push as each git host tells it, signed as each signs.
fn told(
    provider: Provider,
    host: &GitHost,
    url: &str,
    secret: &str,
    commit: &str,
) -> RequestBuilder {
    let clone_url = host.url();
    let page = clone_url.trim_end_matches(".git");
    let body = match provider {
        Provider::Gitlab => {
            json!({ "object_kind": "push", "ref": "refs/heads/main", "after": commit,
            "project": { "git_http_url": clone_url, "default_branch": "main" } })
        }
        // Data Center's, as the host is not bitbucket.org.
        Provider::Bitbucket => {
            json!({ "changes": [{ "ref": { "id": "refs/heads/main" }, "toHash": commit }],
            "repository": { "links": { "html": { "href": page } } } })
        }
        _ => json!({ "ref": "refs/heads/main", "after": commit,
            "repository": { "clone_url": clone_url, "default_branch": "main" } }),
    };
    let body = body.to_string();
    let signature = sign(&HookSecret::new(secret), body.as_bytes());
    let hex = signature.trim_start_matches("sha256=").to_owned();
    let request = CLIENT.post(url);
    let request = match provider {
        Provider::Gitlab => request
            .header("X-Gitlab-Event", "Push Hook")
            .header("Idempotency-Key", commit)
            .header("X-Gitlab-Token", secret),
        Provider::Gitea => request
            .header("X-Gitea-Event", "push")
            .header("X-Gitea-Delivery", commit)
            .header("X-Gitea-Signature", hex),
        Provider::Bitbucket => request
            .header("X-Event-Key", "repo:refs_changed")
            .header("X-Request-Id", commit)
            .header("X-Hub-Signature", signature),
        _ => request
            .header("X-GitHub-Event", "push")
            .header("X-GitHub-Delivery", commit)
            .header("X-Hub-Signature-256", signature),
    };
    request.body(body)
}

/// What a registered webhook calls, and what it signs with.
fn address_and_secret(hook: &Value) -> (String, String) {
    let config = if hook["config"].is_object() {
        &hook["config"]
    } else {
        hook
    };
    let secret = config["secret"].as_str().or(config["token"].as_str());
    // Bitbucket Data Center's place for it.
    let secret = secret.or(hook["configuration"]["secret"].as_str());
    (
        config["url"].as_str().unwrap().to_owned(),
        secret.unwrap().to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_git_host_calls_and_is_told_how_the_commit_fares() {
    for provider in ALL_WITH_API {
        let scene = Scene::new().await;
        let remote = json!({ "url": scene.host.url(), "provider": provider.as_str(),
                             "api_token": "s3cret-token", "poll_seconds": 0 });
        scene.create("hello", remote).await;
        let hook = eventually("the webhook to be registered", || scene.host.hooks().pop());
        let (url, secret) = address_and_secret(&hook);
        assert_eq!(url, scene.hook_url(&format!("{provider}/hello")));
        let commit = scene.push("First");
        let answer = told(provider, &scene.host, &url, &secret, &commit)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap());
        let execution = scene.server.finished("hello", 1).await;
        assert_status(&execution, "succeeded");
        assert_eq!(execution["commit"], commit);
        let told_at = match provider {
            Provider::Bitbucket => "/builds",
            _ => "/statuses",
        };
        let statuses = eventually("both statuses to be told", || {
            let statuses = scene.host.calls(told_at);
            let last = statuses.last()?.body["state"].as_str()?.to_lowercase();
            last.starts_with("success").then_some(statuses)
        });
        let last = statuses.last().unwrap();
        assert!(last.path.contains(&commit), "{last:?}");
        assert!(last.token.contains("s3cret-token") && !last.path.contains("s3cret"));
        assert!(
            last.body
                .to_string()
                .contains("/projects/hello/executions/1"),
            "{last:?}"
        );
        assert!(statuses.len() <= 2, "told once a change: {statuses:?}");
        let remote = scene.remote("hello").await;
        assert_eq!(remote["webhook"]["registered"], true, "{remote}");
        assert_eq!(
            remote["webhook"]["last_delivery"]["state"], "done",
            "{remote}"
        );
        let gone = "/api/v1/projects/hello/webhook";
        scene.server.call(Method::DELETE, gone, None).await.unwrap();
        assert!(scene.host.hooks().is_empty(), "{provider}");
        scene.server.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_push_of_an_allowed_repository_makes_its_project() {
    let scene = Scene::new().await;
    let allow = json!({ "pattern": format!("http://{}/acme/*", scene.host.address()),
                        "provider": "github", "webhook_secret": "organisation" });
    let path = "/api/v1/webhook-allows";
    scene
        .server
        .call(Method::POST, path, Some(&allow))
        .await
        .unwrap();
    let commit = scene.push("First");
    let url = scene.hook_url("github");
    let tell = || told(Provider::Github, &scene.host, &url, "organisation", &commit).send();
    assert_eq!(tell().await.unwrap().status(), 202);
    let execution = scene.server.finished("hello", 1).await;
    assert_eq!(execution["commit"], commit);
    assert_eq!(scene.remote("hello").await["url"], scene.host.url());
    let again: Value = tell().await.unwrap().json().await.unwrap();
    assert_eq!(again["state"], "repeated", "{again}");
    scene.server.stop().await.unwrap();
}

/// The cluster that the pattern names has gone meanwhile; once it is back, the delivery is done again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_project_of_a_first_push_goes_where_its_pattern_says() {
    let scene = Scene::new().await;
    let call = |method, path: &'static str, body: Option<Value>| {
        let server = &scene.server;
        async move { server.call(method, path, body.as_ref()).await.unwrap() }
    };
    let connection = json!({ "method": "token", "server": "https://127.0.0.1:1", "token": "t" });
    let prod = json!({ "name": "prod", "connection": connection });
    call(Method::POST, "/api/v1/clusters", Some(prod.clone())).await;
    let allow = json!({ "pattern": format!("http://{}/acme/*", scene.host.address()),
                        "provider": "github", "webhook_secret": "organisation",
                        "cluster": "prod", "namespace": "shop" });
    call(Method::POST, "/api/v1/webhook-allows", Some(allow)).await;
    call(Method::DELETE, "/api/v1/clusters/prod", None).await;
    let commit = scene.push("First");
    let url = scene.hook_url("github");
    let sent = told(Provider::Github, &scene.host, &url, "organisation", &commit).send();
    assert_eq!(sent.await.unwrap().status(), 202);
    let failed = eventually_async("the delivery to fail", || async {
        let delivery = scene.server.get("/api/v1/deliveries/1").await.ok()?;
        (delivery["state"] == "failed").then_some(delivery)
    })
    .await;
    let reason = failed["reason"].as_str().unwrap();
    assert!(reason.contains("`towpath cluster add prod`"), "{reason}");
    assert!(reason.contains("`towpath delivery replay 1`"), "{reason}");

    call(Method::POST, "/api/v1/clusters", Some(prod)).await;
    call(Method::POST, "/api/v1/deliveries/1/replay", None).await;
    let execution = scene.server.finished("hello", 1).await;
    assert_eq!(execution["commit"], commit);
    let project = call(Method::GET, "/api/v1/projects/hello", None).await;
    assert_eq!(
        (&project["cluster"], &project["namespace"]),
        (&json!("prod"), &json!("shop"))
    );
    scene.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_that_cannot_call_is_polled() {
    let scene = Scene::new().await;
    scene.push("First");
    scene
        .create(
            "hello",
            json!({ "url": scene.host.url(), "poll_seconds": 10 }),
        )
        .await;
    scene.server.finished("hello", 1).await;
    let second = scene.push("Second");
    let execution = scene.server.finished("hello", 2).await;
    assert_eq!(execution["commit"], second);
    scene.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_git_host_that_refuses_is_asked_again_and_says_why() {
    let scene = Scene::new().await;
    scene.host.refuse(Some(StatusCode::FORBIDDEN));
    let remote = json!({ "url": scene.host.url(), "provider": "github", "api_token": "s3cret" });
    scene.create("hello", remote).await;
    let error = eventually_async("the refusal to be shown", || async {
        let remote = scene.remote("hello").await;
        remote["webhook"]["error"].as_str().map(str::to_owned)
    })
    .await;
    assert!(
        error.contains("needs the scope `admin:repo_hook`"),
        "{error}"
    );
    scene.host.refuse(None);
    eventually("the webhook to be registered after all", || {
        scene.host.hooks().pop()
    });
    let error = eventually_async("the error to be gone", || async {
        Some(scene.remote("hello").await["webhook"]["error"].clone()).filter(Value::is_null)
    })
    .await;
    assert!(error.is_null());
    scene.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_a_project_removes_its_webhook_or_says_why_it_stays() {
    let scene = Scene::new().await;
    let remote = json!({ "url": scene.host.url(), "provider": "github", "api_token": "s3cret" });
    let path = "/api/v1/projects/hello";
    let delete = || scene.server.call(Method::DELETE, path, None);
    let gone = || async { scene.server.get(path).await.err() };

    scene.create("hello", remote.clone()).await;
    eventually("the webhook to be registered", || scene.host.hooks().pop());
    let deleting = delete().await.unwrap();
    assert!(deleting["webhook_left"].is_null(), "{deleting}");
    assert!(scene.host.hooks().is_empty());
    eventually_async("the project to be gone", gone).await;

    scene.create("hello", remote).await;
    eventually("the webhook to be registered again", || {
        scene.host.hooks().pop()
    });
    eventually_async("the webhook's id to be known", || async {
        let registered = scene.remote("hello").await["webhook"]["registered"].clone();
        (registered == true).then_some(())
    })
    .await;
    scene.host.refuse(Some(StatusCode::FORBIDDEN));
    let deleting = delete().await.unwrap();
    let why = deleting["webhook_left"].as_str().unwrap();
    assert!(why.contains("403"), "{why}");
    eventually_async("the project to be gone nevertheless", gone).await;
    scene.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_without_the_projects_branch_says_why_nothing_starts() {
    let scene = Scene::new().await;
    scene.push("First");
    let new = json!({ "name": "hello", "branch": "trunk", "remote": { "url": scene.host.url() } });
    let created = scene
        .server
        .call(Method::POST, "/api/v1/projects", Some(&new));
    created.await.unwrap();
    let why = eventually_async("the reason", || async {
        let remote = scene.remote("hello").await;
        remote["no_branch"].as_str().map(str::to_owned)
    })
    .await;
    assert!(
        why.contains("no branch trunk") && why.contains("it has main"),
        "{why}"
    );
    scene.server.stop().await.unwrap();
}

/// Deliveries come from many at once while the server is killed: each that was acknowledged is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_between_it_loses_no_delivery_that_was_acknowledged() {
    let scene = Scene::new().await;
    let remote = json!({ "url": scene.host.url(), "provider": "github", "webhook_secret": "secret",
                         "poll_seconds": 0 });
    scene.create("hello", remote).await;
    let commit = scene.push("First");
    let url = scene.hook_url("github/hello");
    let senders = (0..8).map(|sender| {
        let requests: Vec<(String, RequestBuilder)> = (0..200)
            .map(|number| {
                let id = format!("{sender}-{number}");
                let mut request = told(Provider::Github, &scene.host, &url, "secret", &commit)
                    .build()
                    .unwrap();
                let header = id.parse().unwrap();
                request.headers_mut().insert("X-GitHub-Delivery", header);
                (id, RequestBuilder::from_parts(CLIENT.clone(), request))
            })
            .collect();
        tokio::spawn(send_until_it_fails(requests))
    });
    let senders: Vec<_> = senders.collect();
    let some = |list: &Value| {
        list["deliveries"]
            .as_array()
            .is_some_and(|all| all.len() >= 50)
    };
    eventually_async("some deliveries", || async {
        let list = scene.server.get("/api/v1/deliveries?limit=50").await.ok()?;
        some(&list).then_some(())
    })
    .await;
    scene.server.kill().await.unwrap();
    let mut acknowledged = BTreeSet::new();
    for sender in senders {
        acknowledged.extend(sender.await.unwrap());
    }
    assert!(!acknowledged.is_empty());
    let server = start(&scene.folder, &scene.listen, &[]).await;
    let execution = server.finished("hello", 1).await;
    assert_eq!(execution["commit"], commit);
    for (id, delivery) in acknowledged {
        let path = format!("/api/v1/deliveries/{delivery}");
        let kept = server.get(&path).await;
        assert!(
            kept.is_ok(),
            "delivery {delivery} with id {id} was acknowledged and is gone"
        );
    }
    eventually_async("all of them to be done", || async {
        let pending = server.get("/api/v1/deliveries?state=pending").await.ok()?;
        pending["deliveries"].as_array()?.is_empty().then_some(())
    })
    .await;
    let executions = server
        .get("/api/v1/projects/hello/executions")
        .await
        .unwrap();
    assert_eq!(
        executions["executions"].as_array().unwrap().len(),
        1,
        "{executions}"
    );
    server.stop().await.unwrap();
}

/// Gives those that were acknowledged: their ids and the server's numbers for them.
async fn send_until_it_fails(requests: Vec<(String, RequestBuilder)>) -> Vec<(String, i64)> {
    let mut acknowledged = Vec::new();
    for (id, request) in requests {
        let Ok(response) = request.send().await else {
            break;
        };
        let accepted = response.status() == StatusCode::ACCEPTED;
        let Ok(answer) = response.json::<Value>().await else {
            break;
        };
        if let (true, Some(delivery)) = (accepted, answer["delivery"].as_i64()) {
            acknowledged.push((id, delivery));
        }
    }
    acknowledged
}
