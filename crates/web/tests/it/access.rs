use reqwest::Method;
use serde_json::Value;
use towpath_model::Timestamp;
use towpath_store::PullScope;

use crate::fixture::Server;

/// What a request carries.
#[derive(Clone, Copy, Debug)]
enum With {
    Nothing,
    Bearer,
    Password,
    WrongToken,
    EmptyBasic,
    Cookie,
}

async fn status(
    server: &Server,
    cookie: &str,
    (method, path): (Method, &str),
    with: With,
    headers: &[(&str, &str)],
) -> u16 {
    let mut request = server.request(method, path);
    request = match with {
        With::Nothing => request,
        With::Bearer => request.bearer_auth(&server.token),
        With::Password => request.basic_auth("anyone", Some(&server.token)),
        With::WrongToken => request.bearer_auth("towpath_wrong"),
        With::EmptyBasic => request.header("authorization", "Basic Og=="),
        With::Cookie => request.header("cookie", cookie),
    };
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn who_may_do_what_on_loopback() {
    let server = Server::start().await;
    server.create_project("hello").await;
    let cookie = server.log_in().await;
    let ours = format!("http://{}", server.address);
    let origin: &[(&str, &str)] = &[("origin", &ours)];
    let foreign: &[(&str, &str)] = &[("origin", "http://evil.example")];
    let null: &[(&str, &str)] = &[("origin", "null")];
    let rebound: &[(&str, &str)] = &[("host", "evil.example")];
    let none: &[(&str, &str)] = &[];
    let read = (Method::GET, "/api/v1/projects");
    let write = (Method::POST, "/api/v1/gc");
    let start = (Method::POST, "/projects/hello/start");
    let fetch = (
        Method::GET,
        "/git/hello.git/info/refs?service=git-upload-pack",
    );
    let push = (
        Method::GET,
        "/git/hello.git/info/refs?service=git-receive-pack",
    );
    let base = (Method::GET, "/v2/");
    let tags = (Method::GET, "/v2/hello/tags/list");
    let upload = (Method::POST, "/v2/hello/blobs/uploads/");
    for (request, with, headers, expected) in [
        (&read, With::Nothing, none, 200),
        (&read, With::Bearer, none, 200),
        (&read, With::WrongToken, none, 401),
        (&read, With::EmptyBasic, none, 200),
        (&read, With::Nothing, foreign, 403),
        (&read, With::Nothing, rebound, 403),
        (&read, With::Bearer, rebound, 403),
        (&read, With::Cookie, none, 200),
        (&write, With::Nothing, none, 401),
        (&write, With::Nothing, origin, 401),
        (&write, With::WrongToken, none, 401),
        (&write, With::EmptyBasic, none, 401),
        (&write, With::Bearer, none, 200),
        (&write, With::Password, none, 200),
        (&write, With::Bearer, origin, 200),
        (&write, With::Bearer, foreign, 403),
        (&write, With::Password, null, 403),
        (&write, With::Cookie, none, 403),
        (&write, With::Cookie, foreign, 403),
        (&write, With::Cookie, null, 403),
        (&write, With::Cookie, origin, 200),
        (&start, With::Nothing, origin, 303),
        (&start, With::Cookie, foreign, 403),
        (&start, With::Cookie, origin, 409),
        (&fetch, With::Nothing, none, 200),
        (&push, With::Nothing, none, 401),
        (&push, With::Password, none, 200),
        (&push, With::Password, foreign, 403),
        (&base, With::Nothing, none, 401),
        (&base, With::EmptyBasic, none, 401),
        (&base, With::Password, none, 200),
        (&tags, With::EmptyBasic, none, 404),
        (&upload, With::Nothing, none, 401),
        (&upload, With::EmptyBasic, none, 401),
        (&upload, With::Password, none, 202),
    ] {
        let got = status(&server, &cookie, request.clone(), with, headers).await;
        assert_eq!(got, expected, "{request:?} {with:?} {headers:?}");
    }
}

#[tokio::test]
async fn reads_need_the_token_behind_a_proxy_or_under_a_public_name() {
    let proxied = Server::start_with(|config| config.behind_proxy = true).await;
    let public = Server::start_with(|config| {
        config.public_url = Some("https://towpath.example".parse().unwrap());
    })
    .await;
    let name: &[(&str, &str)] = &[("host", "towpath.example")];
    let origin: &[(&str, &str)] = &[
        ("host", "towpath.example"),
        ("origin", "https://towpath.example"),
    ];
    let read = || (Method::GET, "/api/v1/projects");
    let write = || (Method::POST, "/api/v1/gc");
    let git = || {
        (
            Method::GET,
            "/git/hello.git/info/refs?service=git-upload-pack",
        )
    };
    for (server, request, with, headers, expected) in [
        (&proxied, read(), With::Nothing, &[][..], 401),
        (&proxied, read(), With::Password, &[][..], 200),
        (&proxied, (Method::GET, "/"), With::Nothing, &[][..], 303),
        (
            &proxied,
            (Method::GET, "/login"),
            With::Nothing,
            &[][..],
            200,
        ),
        (
            &proxied,
            (Method::GET, "/healthz"),
            With::Nothing,
            &[][..],
            200,
        ),
        (&proxied, git(), With::Nothing, &[][..], 401),
        (&public, read(), With::Nothing, &[][..], 200),
        (&public, read(), With::Nothing, name, 401),
        (&public, read(), With::Bearer, name, 200),
        (&public, write(), With::Bearer, origin, 200),
    ] {
        let got = status(server, "", request.clone(), with, headers).await;
        assert_eq!(got, expected, "{request:?} {with:?} {headers:?}");
    }
}

#[tokio::test]
async fn each_client_is_refused_in_its_own_words() {
    let server = Server::start().await;
    let git = server
        .get("/git/hello.git/info/refs?service=git-receive-pack")
        .await;
    assert_eq!(git.headers()["www-authenticate"], "Basic realm=\"towpath\"");
    let registry = server.get("/v2/").await;
    assert_eq!(
        registry.headers()["www-authenticate"],
        "Basic realm=\"towpath\""
    );
    let body: Value = serde_json::from_str(&registry.text().await.unwrap()).unwrap();
    assert_eq!(body["errors"][0]["code"], "UNAUTHORIZED");
    let api = server
        .request(Method::POST, "/api/v1/gc")
        .send()
        .await
        .unwrap();
    assert!(!api.headers().contains_key("www-authenticate"));
    let body: Value = serde_json::from_str(&api.text().await.unwrap()).unwrap();
    assert_eq!(body["error"]["code"], "unauthenticated");
    assert!(body["error"]["help"].as_str().unwrap().contains("Bearer"));
    let page = server
        .request(Method::POST, "/projects/hello/start")
        .send()
        .await
        .unwrap();
    assert_eq!(page.headers()["location"], "/login?next=%2F");
}

#[tokio::test]
async fn a_session_ends_with_the_logout() {
    let server = Server::start().await;
    let cookie = server.log_in().await;
    let origin = format!("http://{}", server.address);
    let post = |path: &'static str| {
        let request = server.request(Method::POST, path);
        request
            .header("cookie", &cookie)
            .header("origin", &origin)
            .send()
    };
    assert_eq!(post("/api/v1/gc").await.unwrap().status(), 200);
    assert_eq!(post("/logout").await.unwrap().status(), 303);
    assert_eq!(post("/api/v1/gc").await.unwrap().status(), 401);
}

#[tokio::test]
async fn the_cookie_is_for_us_alone() {
    let server = Server::start_with(|config| {
        config.public_url = Some("https://towpath.example".parse().unwrap());
    })
    .await;
    let form = [("token", &server.token[..]), ("next", "//evil.example")];
    let login = server.request(Method::POST, "/login").form(&form);
    let response = login.send().await.unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert_eq!(response.headers()["location"], "/");
}

#[tokio::test]
async fn attempts_to_log_in_are_limited() {
    let server = Server::start().await;
    let attempt = || {
        server
            .request(Method::POST, "/login")
            .form(&[("token", "wrong")])
            .send()
    };
    for _ in 0..10 {
        assert_eq!(attempt().await.unwrap().status(), 401);
    }
    let refused = attempt().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn a_pull_token_reads_its_project_s_images_and_nothing_else() {
    let server = Server::start_with(|config| config.behind_proxy = true).await;
    server.create_project("hello").await;
    let scope = PullScope {
        project: "hello".parse().unwrap(),
        cluster: "prod".parse().unwrap(),
        namespace: "hello".parse().unwrap(),
    };
    let token = server.store.pull_token(&scope, Timestamp(1)).await.unwrap();
    for (method, path, expected) in [
        (Method::GET, "/v2/", 200),
        // Nothing was pushed: it may ask, and there is nothing.
        (Method::GET, "/v2/hello/manifests/latest", 404),
        (Method::HEAD, "/v2/hello/blobs/sha256:00", 400),
        (Method::GET, "/v2/other/manifests/latest", 401),
        (Method::POST, "/v2/hello/blobs/uploads/", 401),
        (Method::PUT, "/v2/hello/manifests/latest", 401),
        (Method::DELETE, "/v2/hello/manifests/latest", 401),
        (Method::GET, "/api/v1/projects", 401),
        (Method::POST, "/api/v1/gc", 401),
        (
            Method::GET,
            "/git/hello.git/info/refs?service=git-upload-pack",
            401,
        ),
    ] {
        let request = server.request(method.clone(), path);
        let request = request.basic_auth("towpath", Some(token.expose_str().unwrap()));
        let got = request.send().await.unwrap().status().as_u16();
        assert_eq!(got, expected, "{method} {path}");
    }
}

#[tokio::test]
async fn a_sandbox_is_entered_with_the_token_alone() {
    let server = Server::start().await;
    server.create_project("hello").await;
    let cookie = server.log_in().await;
    let ours = format!("http://{}", server.address);
    let path = "/api/v1/projects/hello/executions/1/actions/Build/Build/exec";
    let upgrade = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("origin", &ours),
    ];
    for (with, expected) in [
        (With::Nothing, 401),
        (With::WrongToken, 401),
        (With::Cookie, 403),
        // There is no such execution.
        (With::Bearer, 404),
    ] {
        let got = status(&server, &cookie, (Method::GET, path), with, &upgrade).await;
        assert_eq!(got, expected, "{with:?}");
    }
}
