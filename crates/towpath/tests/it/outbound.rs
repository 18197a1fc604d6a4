//! Git hosts behind a company's proxy and with a company's certificates.

use serde_json::{Value, json};
use tempfile::TempDir;
use towpath_testkit::{Authority, TowpathServer, WorkTree, eventually, eventually_async, require};

use crate::flow::registry_with_busybox;
use crate::git_host::GitHost;
use crate::network::{Proxy, TlsFront};
use crate::program::{Running, assert_status, program};

const HOST: &str = "git.acme.example";

/// A git host that speaks TLS with a certificate of the company's own, and a proxy that leads to it.
struct Company {
    host: GitHost,
    authority: Authority,
    front: TlsFront,
    proxy: Proxy,
    folder: TempDir,
}

impl Company {
    async fn new() -> Option<Self> {
        let authority = Authority::new(&require("openssl")?).unwrap();
        let names = format!("subjectAltName=DNS:{HOST},IP:127.0.0.1");
        let (certificate, key) = authority.issue("host", &names).unwrap();
        let host = GitHost::start().await;
        let front = TlsFront::start(&certificate, &key, host.address().to_owned()).await;
        let company = Self {
            proxy: Proxy::start(front.address(), host.address()).await,
            host,
            authority,
            front,
            folder: tempfile::tempdir().unwrap(),
        };
        let tree = WorkTree::new().unwrap();
        for script in ["ci/build.sh", "ci/test.sh"] {
            tree.write(script, "#!/bin/sh\necho done\n").unwrap();
        }
        tree.commit("First").unwrap();
        tree.push(&company.host.url()).unwrap();
        Some(company)
    }

    fn authority(&self) -> String {
        self.authority.path("root.pem").to_str().unwrap().to_owned()
    }

    async fn server(&self, options: &[&str]) -> TowpathServer {
        let data = self.folder.path().join("data");
        let always = [
            "--isolation",
            "none",
            "--public-url",
            "https://towpath.acme.example",
        ];
        let options = [&always, options].concat();
        TowpathServer::start_at(program(), &data, &free_address(), &options)
            .await
            .unwrap()
    }

    async fn follow(&self, server: &TowpathServer, address: &str) {
        let remote = json!({ "url": format!("https://{address}/acme/hello.git"), "provider": "gitea",
                             "api_token": "t", "token": "f" });
        let new = json!({ "name": "hello", "remote": remote });
        let created = server.call(reqwest::Method::POST, "/api/v1/projects", Some(&new));
        created.await.unwrap();
    }
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn error(server: &TowpathServer) -> String {
    eventually_async("the failed fetch to be told", || async {
        let project: Value = server.get("/api/v1/projects/hello").await.ok()?;
        project["remote"]["error"].as_str().map(str::to_owned)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fetches_and_apis_go_through_the_proxy_and_trust_the_companys_authority() {
    let Some(company) = Company::new().await else {
        return;
    };
    let (proxy, authority) = (company.proxy.url(), company.authority());
    let server = company
        .server(&["--https-proxy", &proxy, "--ca-file", &authority])
        .await;
    company.follow(&server, HOST).await;
    let execution = server.finished("hello", 1).await;
    assert_status(&execution, "succeeded");
    eventually("the webhook to be registered", || {
        company.host.hooks().pop()
    });
    eventually("the status to be told", || {
        company
            .host
            .calls("/statuses")
            .last()
            .filter(|call| call.body["state"] == "success")
            .map(|_| ())
    });
    let asked = company.proxy.asked();
    let expected = format!("CONNECT {HOST}:443 HTTP/1.1");
    assert!(
        asked.len() >= 2 && asked.iter().all(|line| *line == expected),
        "{asked:?}"
    );
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_that_are_excepted_are_reached_without_the_proxy() {
    let Some(company) = Company::new().await else {
        return;
    };
    let (proxy, authority) = (company.proxy.url(), company.authority());
    let options = [
        "--https-proxy",
        &proxy,
        "--ca-file",
        &authority,
        "--no-proxy",
        "localhost,127.0.0.0/8",
    ];
    let server = company.server(&options).await;
    company
        .follow(&server, &company.front.address().to_string())
        .await;
    assert_status(&server.finished("hello", 1).await, "succeeded");
    eventually("the webhook to be registered", || {
        company.host.hooks().pop()
    });
    assert!(company.proxy.asked().is_empty());
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_on_the_way_says_what_to_do() {
    let Some(company) = Company::new().await else {
        return;
    };
    let proxy = company.proxy.url();
    let server = company.server(&["--https-proxy", &proxy]).await;
    company.follow(&server, HOST).await;
    let said = error(&server).await;
    assert!(
        said.contains("certificate") && said.contains("--ca-file"),
        "{said}"
    );
    let hook = eventually_async("the failed registration to be told", || async {
        let project = server.get("/api/v1/projects/hello").await.ok()?;
        project["remote"]["webhook"]["error"]
            .as_str()
            .map(str::to_owned)
    })
    .await;
    assert!(hook.contains("--ca-file"), "{hook}");
    server.stop().await.unwrap();

    let wrong = proxy.replace("s3cret", "hunter2");
    let authority = company.authority();
    let server = company
        .server(&["--https-proxy", &wrong, "--ca-file", &authority])
        .await;
    let said = eventually_async("the proxy's refusal to be told", || async {
        let said = error(&server).await;
        said.contains("proxy").then_some(said)
    })
    .await;
    assert!(
        said.contains("--https-proxy") && !said.contains("hunter2"),
        "{said}"
    );
    server.stop().await.unwrap();
}

/// An image whose base lies in a registry that is reached, by its name, only so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn base_images_come_through_the_proxy_and_trust_the_companys_authority() {
    const REGISTRY: &str = "registry.acme.example";
    let (Some(openssl), Some((registry, _blobs))) =
        (require("openssl"), registry_with_busybox().await)
    else {
        return;
    };
    let authority = Authority::new(&openssl).unwrap();
    let names = format!("subjectAltName=DNS:{REGISTRY}");
    let (certificate, key) = authority.issue("host", &names).unwrap();
    let address = registry.host().to_string();
    let front = TlsFront::start(&certificate, &key, address.clone()).await;
    let proxy = Proxy::start(front.address(), &address).await;
    let authorities = authority.path("root.pem");
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let tree = WorkTree::new().unwrap();
    tree.write(
        "Dockerfile",
        format!("FROM {REGISTRY}/library/busybox\nRUN true\n"),
    )
    .unwrap();
    let proxy_url = proxy.url();
    let start = async |options: &[&str]| {
        let options = [&["--https-proxy", &proxy_url], options].concat();
        TowpathServer::start(program(), &data, &options)
            .await
            .unwrap()
    };
    let server = start(&[]).await;
    let running = Running { server, folder };
    running.server.create_project("hello").await.unwrap();
    let execution = running.push(&tree, "hello", 1).await;
    assert_status(&execution, "failed");
    assert!(execution.to_string().contains("--ca-file"), "{execution}");
    let Running { server, folder } = running;
    server.stop().await.unwrap();

    let server = start(&["--ca-file", authorities.to_str().unwrap()]).await;
    let running = Running { server, folder };
    assert_status(&running.push(&tree, "hello", 2).await, "succeeded");
    let asked = proxy.asked();
    let expected = format!("CONNECT {REGISTRY}:443 HTTP/1.1");
    assert!(
        asked.len() >= 2 && asked.iter().all(|line| *line == expected),
        "{asked:?}"
    );
    running.server.stop().await.unwrap();
}
