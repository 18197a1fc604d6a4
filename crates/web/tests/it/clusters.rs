use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::Server;

const KUBECONFIG: &str = "
apiVersion: v1
kind: Config
current-context: admin@prod
clusters: [{name: prod, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: admin, user: {token: hunter2}}]
contexts: [{name: admin@prod, context: {cluster: prod, user: admin}}]
";

pub(crate) fn prod() -> Value {
    json!({"name": "prod", "connection": {"method": "kubeconfig", "kubeconfig": KUBECONFIG}})
}

pub(crate) async fn send(
    server: &Server,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> (u16, Value) {
    let mut request = server.authorised(method, path);
    if let Some(body) = body {
        request = request.json(body);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    (status, serde_json::from_str(&text).unwrap_or_default())
}

async fn project(server: &Server, cluster: &str) -> (u16, Value) {
    let body = json!({"name": "web", "cluster": cluster});
    send(server, Method::POST, "/api/v1/projects", Some(&body)).await
}

#[tokio::test]
async fn a_cluster_is_added_shown_and_removed_and_its_credentials_stay_in() {
    let server = Server::start().await;
    let (status, added) = send(&server, Method::POST, "/api/v1/clusters", Some(&prod())).await;
    assert_eq!(status, 201, "{added}");
    assert_eq!(added["context"], "admin@prod");
    assert_eq!(added["server"], "https://127.0.0.1:1/");

    let list = server.json("/api/v1/clusters").await;
    let names: Vec<&str> = list["clusters"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|cluster| cluster["name"].as_str())
        .collect();
    assert_eq!(names, ["local", "prod"]);
    let (status, _) = send(&server, Method::GET, "/api/v1/clusters/prod", None).await;
    assert_eq!(status, 200);

    let (status, again) = send(&server, Method::POST, "/api/v1/clusters", Some(&prod())).await;
    assert_eq!((status, &again["error"]["code"]), (409, &json!("exists")));
    let mut replaced = prod();
    replaced["replace"] = json!(true);
    let (status, _) = send(&server, Method::POST, "/api/v1/clusters", Some(&replaced)).await;
    assert_eq!(status, 201);

    let (status, _) = send(&server, Method::DELETE, "/api/v1/clusters/prod", None).await;
    assert_eq!(status, 204);
    let (status, gone) = send(&server, Method::DELETE, "/api/v1/clusters/prod", None).await;
    assert_eq!(
        (status, &gone["error"]["message"]),
        (404, &json!("there is no cluster prod"))
    );
}

#[tokio::test]
async fn a_project_needs_a_known_cluster_and_keeps_it() {
    let server = Server::start().await;
    let (status, refused) = project(&server, "prod").await;
    assert_eq!(status, 400);
    let message = &refused["error"]["message"];
    assert_eq!(message, "there is no cluster prod; there is local");

    send(&server, Method::POST, "/api/v1/clusters", Some(&prod())).await;
    let (status, made) = project(&server, "prod").await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["cluster"], "prod");
    let (status, refused) = send(&server, Method::DELETE, "/api/v1/clusters/prod", None).await;
    assert_eq!(status, 409);
    assert_eq!(refused["error"]["message"], "cluster prod is used by web");
}

#[tokio::test]
async fn what_cannot_be_used_is_refused() {
    let server = Server::start().await;
    let files = KUBECONFIG.replace("token: hunter2", "client-key: /etc/hostname");
    for (name, connection, expected) in [
        (
            "prod",
            json!({"method": "kubeconfig", "kubeconfig": files}),
            "cluster prod: the kubeconfig refers to the file /etc/hostname",
        ),
        (
            "prod",
            json!({"method": "kubeconfig", "kubeconfig": KUBECONFIG, "context": "other"}),
            "cluster prod: the kubeconfig has no context other; it has admin@prod",
        ),
        (
            "prod",
            json!({"method": "in-cluster"}),
            "cluster prod: this server does not run in a pod with a service account",
        ),
        (
            "local",
            json!({"method": "kubeconfig", "kubeconfig": KUBECONFIG}),
            "cluster local: it is this machine",
        ),
        (
            "prod",
            json!({"method": "token", "server": "not a url", "token": "t"}),
            "cluster prod: \"not a url\" is not a URL",
        ),
    ] {
        let body = json!({"name": name, "connection": connection});
        let (status, answer) = send(&server, Method::POST, "/api/v1/clusters", Some(&body)).await;
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{answer}");
        assert!(message.starts_with(expected), "{message}");
    }
}

#[tokio::test]
async fn a_cluster_that_cannot_say_is_unknown_health_with_the_reason() {
    let server = Server::start().await;
    server.create_project("web").await;
    let app = server.json("/api/v1/projects/web/app").await;
    assert_eq!(app["health"], "unknown", "{app}");
    let reason = "the local cluster cannot run: there is none in these tests";
    assert_eq!(app["reason"], reason);
    for page in ["/projects/web/app", "/projects/web"] {
        let page = server.text(page).await;
        assert!(
            page.contains("st unknown") && page.contains(reason),
            "{page}"
        );
    }
}
