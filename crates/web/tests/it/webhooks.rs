//! What git hosts are answered, and what is kept of what they sent.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use towpath_forge::{HookSecret, sign};

use crate::fixture::Server;

const SECRET: &str = "It's-a-Secret-to-Everybody";
const PUSH: &str = include_str!("../../../forge/tests/fixtures/github-push.json");

async fn server() -> Server {
    let server = Server::start().await;
    let created = server
        .authorised(Method::POST, "/api/v1/projects")
        .json(&json!({
            "name": "hello",
            "branch": "master",
            "remote": { "url": "https://github.com/Codertocat/Hello-World", "webhook_secret": SECRET },
        }))
        .send()
        .await
        .unwrap();
    let status = created.status();
    let project: Value = created.json().await.unwrap();
    assert_eq!(status, 201, "{project}");
    let hook = &project["remote"]["webhook"];
    assert_eq!(hook["url"], server.url("/webhooks/github/hello"));
    server
}

fn github(server: &Server, path: &str, event: &str, id: &str, body: &str) -> RequestBuilder {
    let signature = sign(&HookSecret::new(SECRET), body.as_bytes());
    server
        .request(Method::POST, path)
        .header("X-GitHub-Event", event)
        .header("X-GitHub-Delivery", id)
        .header("X-Hub-Signature-256", signature)
        .header("Content-Type", "application/json")
        .body(body.to_owned())
}

async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

async fn send(request: RequestBuilder) -> (u16, Value) {
    answer(request.send().await.unwrap()).await
}

async fn listed(server: &Server, query: &str) -> Vec<Value> {
    let list = server.json(&format!("/api/v1/deliveries?{query}")).await;
    list["deliveries"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_push_is_taken_once_and_a_ping_is_answered() {
    let server = server().await;
    let path = "/webhooks/github/hello";
    let (status, ping) = send(github(&server, path, "ping", "p1", r#"{"zen":"x"}"#)).await;
    assert_eq!((status, &ping["state"]), (200, &json!("ignored")), "{ping}");
    let push = PUSH.replace("refs/tags/simple-tag", "refs/heads/master");
    let push = push.replace("0000000000000000000000000000000000000000", &"a".repeat(40));
    let (status, first) = send(github(&server, path, "push", "d1", &push)).await;
    assert_eq!(
        (status, &first["state"]),
        (202, &json!("pending")),
        "{first}"
    );
    assert_eq!(first["reason"], "refs/heads/master is aaaaaaa");
    let (status, again) = send(github(&server, path, "push", "d1", &push)).await;
    assert_eq!(
        (status, &again["state"]),
        (200, &json!("repeated")),
        "{again}"
    );
    assert_eq!(first["delivery"], again["delivery"]);
    let kept = server
        .json(&format!("/api/v1/deliveries/{}", first["delivery"]))
        .await;
    assert_eq!(kept["body"], push);
    assert_eq!(kept["repository"], "github.com/codertocat/hello-world");
}

#[tokio::test]
async fn what_moves_another_ref_is_kept_and_starts_nothing() {
    let server = server().await;
    let path = "/webhooks/github/hello";
    let (status, tag) = send(github(&server, path, "push", "d1", PUSH)).await;
    let expected = "refs/tags/simple-tag is not refs/heads/master";
    assert_eq!((status, &tag["reason"]), (200, &json!(expected)), "{tag}");
    let gone = PUSH.replace("refs/tags/simple-tag", "refs/heads/master");
    let (status, gone) = send(github(&server, path, "push", "d2", &gone)).await;
    let expected = "refs/heads/master was deleted, which starts nothing";
    assert_eq!((status, &gone["reason"]), (200, &json!(expected)), "{gone}");
    let states: Vec<Value> = listed(&server, "project=hello").await;
    assert!(
        states.iter().all(|delivery| delivery["state"] == "ignored"),
        "{states:?}"
    );
}

#[tokio::test]
async fn forms_are_read_too() {
    let server = server().await;
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", PUSH)
        .finish();
    let form = github(&server, "/webhooks/github/hello", "push", "d1", &body)
        .header("Content-Type", "application/x-www-form-urlencoded");
    // reqwest appends a second content type; the first one counts in what follows, so it is set anew.
    let mut request = form.build().unwrap();
    let kind = "application/x-www-form-urlencoded".parse().unwrap();
    request.headers_mut().insert("Content-Type", kind);
    let (status, answer) = answer(reqwest::Client::new().execute(request).await.unwrap()).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn what_is_refused_leaves_only_the_fact() {
    let server = server().await;
    let path = "/webhooks/github/hello";
    let wrong = github(&server, path, "push", "d1", PUSH).body(format!("{PUSH} "));
    let (status, answer) = send(wrong).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (401, &json!("wrong_signature")),
        "{answer}"
    );
    let unsigned = server.request(Method::POST, path).body(PUSH);
    assert_eq!(send(unsigned).await.0, 401);
    let malformed = github(&server, path, "push", "d2", "{");
    let (status, answer) = send(malformed).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!("malformed")),
        "{answer}"
    );
    let (status, unknown) = send(github(
        &server,
        "/webhooks/github/other",
        "push",
        "d3",
        PUSH,
    ))
    .await;
    let (_, nothing) = send(github(&server, "/webhooks/github", "push", "d4", PUSH)).await;
    assert_eq!(
        (status, &unknown["error"]["message"]),
        (404, &json!("there is no such webhook"))
    );
    assert_eq!(unknown, nothing);
    assert_eq!(
        send(github(&server, "/webhooks/svn/hello", "push", "d5", PUSH))
            .await
            .0,
        404
    );
    let refused = listed(&server, "state=refused").await;
    assert_eq!(refused.len(), 5, "{refused:#?}");
    assert!(
        refused
            .iter()
            .all(|refused| refused["project"].is_null() && refused["body"].is_null())
    );
    assert!(listed(&server, "project=hello").await.is_empty());
    let replayed = server
        .authorised(
            Method::POST,
            &format!("/api/v1/deliveries/{}/replay", refused[0]["id"]),
        )
        .send()
        .await
        .unwrap();
    assert_eq!(replayed.status(), 409);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let server = server().await;
    let large = "x".repeat(25 * 1024 * 1024 + 1);
    let sent = github(&server, "/webhooks/github/hello", "push", "d1", "").body(large);
    // The server answers before all is sent; whether the client sees that answer is up to the network.
    if let Ok(response) = sent.send().await {
        assert_eq!(response.status(), 413);
    }
    let refused = listed(&server, "state=refused").await;
    let reason = refused[0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("larger than the limit of 25 MiB"),
        "{reason}"
    );
}

#[tokio::test]
async fn one_url_for_many_repositories_takes_only_those_that_are_allowed() {
    let server = Server::start().await;
    let path = "/webhooks/github";
    let main = PUSH
        .replace("refs/tags/simple-tag", "refs/heads/master")
        .replace("0000000000000000000000000000000000000000", &"a".repeat(40));
    assert_eq!(
        send(github(&server, path, "push", "d1", &main)).await.0,
        404
    );
    let nowhere = server
        .authorised(Method::POST, "/api/v1/webhook-allows")
        .json(&json!({ "pattern": "github.com/acme/*", "cluster": "prod" }))
        .send()
        .await
        .unwrap();
    assert_eq!(nowhere.status(), 400);
    assert!(nowhere.text().await.unwrap().contains("no_such_cluster"));
    let allowed = server
        .authorised(Method::POST, "/api/v1/webhook-allows")
        .json(&json!({ "pattern": "github.com/acme/*", "webhook_secret": SECRET }))
        .send()
        .await
        .unwrap();
    assert_eq!(allowed.status(), 201);
    let (status, refused) = send(github(&server, path, "push", "d1", &main)).await;
    assert_eq!(
        (status, &refused["error"]["code"]),
        (403, &json!("not_allowed")),
        "{refused}"
    );
    let ours = main.replace("github.com/Codertocat/", "github.com/acme/");
    let (status, taken) = send(github(&server, path, "push", "d2", &ours)).await;
    assert_eq!(
        (status, &taken["state"]),
        (202, &json!("pending")),
        "{taken}"
    );
    assert_eq!(send(github(&server, path, "ping", "d3", "{}")).await.0, 200);
    let gone = server
        .authorised(
            Method::DELETE,
            "/api/v1/webhook-allows?pattern=github.com/acme/*",
        )
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), 200);
    assert_eq!(
        send(github(&server, path, "push", "d4", &ours)).await.0,
        403
    );
}

#[tokio::test]
async fn remotes_are_checked_and_say_nothing_secret() {
    let server = server().await;
    for (remote, code) in [
        (json!({ "url": "file:///etc" }), "bad_remote"),
        (
            json!({ "url": "https://me:pass@github.com/a/b" }),
            "bad_remote",
        ),
        (
            json!({ "url": "git@github.com:a/b", "token": "x" }),
            "bad_credential",
        ),
        (
            json!({ "ssh_key": "-----BEGIN PRIVATE KEY-----" }),
            "bad_credential",
        ),
        (json!({ "token": "two\nlines" }), "bad_secret"),
        (json!({ "poll_seconds": 1 }), "bad_poll"),
        (json!({ "provider": "svn" }), "bad_provider"),
    ] {
        let request = server.authorised(Method::PATCH, "/api/v1/projects/hello/remote");
        let (status, answer) = send(request.json(&remote)).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (400, &json!(code)),
            "{remote} {answer}"
        );
    }
    let request = server.authorised(Method::PATCH, "/api/v1/projects/hello/remote");
    let (status, answer) =
        send(request.json(&json!({ "token": "s3cret", "poll_seconds": 0 }))).await;
    assert_eq!(
        (status, &answer["credential"]),
        (200, &json!("token")),
        "{answer}"
    );
    assert!(answer["poll_seconds"].is_null() && !answer.to_string().contains("s3cret"));
    let request = server.authorised(Method::PATCH, "/api/v1/projects/hello/remote");
    let (_, moved) = send(request.json(&json!({ "url": "https://gitlab.com/a/b" }))).await;
    assert_eq!(
        moved["credential"], "none",
        "a token is for its host: {moved}"
    );
    assert_eq!(moved["provider"], "gitlab");
}

/// Strangers learn nothing; the operator learns what is missing.
#[tokio::test]
async fn why_there_is_no_such_webhook_is_told_to_the_operator_alone() {
    let server = server().await;
    server.create_project("plain").await;
    for (path, reason) in [
        ("/webhooks/github/nobody", "there is no project nobody"),
        (
            "/webhooks/github/plain",
            "give it a remote with `towpath project remote plain --url URL`",
        ),
        ("/webhooks/gitlab", "let some with `towpath webhook allow`"),
    ] {
        let (status, answer) = send(github(&server, path, "push", "d1", PUSH)).await;
        assert_eq!(status, 404, "{answer}");
        assert_eq!(answer["error"]["message"], "there is no such webhook");
        let refused = listed(&server, "state=refused&limit=1").await;
        let told = refused[0]["reason"].as_str().unwrap();
        assert!(told.contains(reason), "{told}");
    }
}

#[tokio::test]
async fn a_push_of_another_repository_says_so() {
    let server = server().await;
    let other = PUSH.replace("Codertocat/Hello-World", "Codertocat/Other");
    let (status, answer) = send(github(
        &server,
        "/webhooks/github/hello",
        "push",
        "d1",
        &other,
    ))
    .await;
    assert_eq!(status, 200, "{answer}");
    let reason = answer["reason"].as_str().unwrap();
    let expected = "it is about github.com/codertocat/other, and what is fetched is github.com/codertocat/hello-world";
    assert!(reason.contains(expected), "{reason}");
}

/// What knows the password and is not signed for a topic comes in only where none was named.
#[tokio::test]
async fn a_topic_of_the_url_of_many_repositories_asks_for_signatures() {
    let server = Server::start().await;
    let allow = |topic: Option<&'static str>| {
        let mut allow = json!({ "pattern": "git-codecommit.eu-west-1.amazonaws.com/v1/repos/*",
                                "webhook_secret": SECRET });
        allow["sns_topic"] = json!(topic);
        server
            .authorised(Method::POST, "/api/v1/webhook-allows")
            .json(&allow)
    };
    let event =
        json!({ "id": "e1", "detail-type": "CodeCommit Pull Request", "detail": {} }).to_string();
    let tell = || {
        let request = server.request(Method::POST, "/webhooks/codecommit");
        send(request.header("X-Api-Key", SECRET).body(event.clone()))
    };
    let (status, made) = send(allow(None)).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(tell().await.0, 200);
    let (status, made) = send(allow(Some("arn:aws:sns:eu-west-1:123456789012:pushes"))).await;
    assert_eq!(
        (status, &made["sns_topic"]),
        (201, &json!("arn:aws:sns:eu-west-1:123456789012:pushes"))
    );
    let (status, answer) = tell().await;
    assert_eq!(status, 401, "{answer}");
    assert!(
        answer.to_string().contains("raw message delivery off"),
        "{answer}"
    );
    let (status, answer) = send(allow(Some("pushes"))).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!("bad_topic")),
        "{answer}"
    );
}
