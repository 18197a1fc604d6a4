//! All pages, for people to look at.

use std::path::PathBuf;
use std::time::SystemTime;

use reqwest::Method;
use serde_json::json;
use towpath_model::Status;
use towpath_store::RunOutcome;
use towpath_testkit::eventually_async;

use crate::browser::Browser;
use crate::clusters::{prod, send};
use crate::fixture::Server;
use crate::scene::{Scene, building};

/// Draws every page, to be looked at: `cargo test -p towpath-web --test it pictures -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "for people to look at"]
async fn pictures() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    server.create_project("hello").await;
    server.create_project("billing").await;
    server.create_project("website").await;
    for title in [
        "Say hello",
        "Answer HEAD requests",
        "Change the page to blue",
    ] {
        let scene = Scene::queued(&server, title).await;
        scene.finish(Status::Succeeded, None).await;
    }
    let broken = failed(&server).await;
    with_clusters(&server).await;
    let long = "a-project-whose-name-is-as-long-as-a-name-of-a-project-may-be00";
    server.create_project(long).await;
    server.create_project("old").await;
    let old = "old".parse().unwrap();
    let at = SystemTime::now().into();
    server
        .store
        .request_deletion(&old, false, at)
        .await
        .unwrap();
    let (scene, _build) = building(&server, "Change the page to lightskyblue").await;
    browser.log_in(&server, "/").await;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&folder).unwrap();
    let (wide, phone) = ((1440, 900), (390, 844));
    let long = format!("/projects/{long}");
    browser.go(&server, "/projects/hello").await;
    browser.click(".facts-more > summary").await;
    browser.click(".confirm.up > summary").await;
    browser
        .driver
        .screenshot(&folder.join("delete.png"))
        .await
        .unwrap();
    for (path, name) in [
        (scene.page(), "execution"),
        (broken.page(), "failed"),
        ("/".to_owned(), "projects"),
        ("/projects/hello".to_owned(), "project"),
        ("/projects/hello/app".to_owned(), "app"),
        ("/projects/hello/images".to_owned(), "images"),
        ("/login".to_owned(), "login"),
        ("/nothing".to_owned(), "error"),
        ("/projects/website".to_owned(), "empty"),
        (long, "long-name"),
        ("/projects/old".to_owned(), "deleting"),
        ("/clusters".to_owned(), "clusters"),
        ("/clusters/prod".to_owned(), "cluster-unreachable"),
        ("/clusters/lab".to_owned(), "cluster"),
        ("/clusters/limited".to_owned(), "cluster-limited"),
        ("/clusters/local".to_owned(), "cluster-local"),
    ] {
        browser.go(&server, &path).await;
        browser
            .picture(wide, "light", &folder.join(format!("{name}-light.png")))
            .await;
        browser
            .picture(wide, "dark", &folder.join(format!("{name}-dark.png")))
            .await;
        browser
            .picture(phone, "light", &folder.join(format!("{name}-phone.png")))
            .await;
    }
    println!("the pictures are in {}", folder.display());
    browser.end().await;
}

/// One that does not answer and, where there is an API server to test with, one that does and one whose account
/// may do little.
async fn with_clusters(server: &Server) {
    let add = async |body| send(server, Method::POST, "/api/v1/clusters", Some(&body)).await;
    add(prod()).await;
    let Some(kube) = towpath_testkit::kube() else {
        return;
    };
    let text = std::fs::read_to_string(kube.kubeconfig()).unwrap();
    for (name, context) in [("lab", json!(null)), ("limited", json!("limited"))] {
        let connection = json!({"method": "kubeconfig", "kubeconfig": text, "context": context});
        add(json!({"name": name, "connection": connection})).await;
    }
    for (project, cluster) in [("shop", "lab"), ("checkout", "limited")] {
        let body = json!({"name": project, "cluster": cluster, "namespace": "shop"});
        send(server, Method::POST, "/api/v1/projects", Some(&body)).await;
    }
    eventually_async("the clusters to be looked at", || async {
        let page = server.text("/clusters").await;
        (!page.contains(">checking<")).then_some(())
    })
    .await;
}

async fn failed(server: &Server) -> Scene<'_> {
    let (mut scene, mut build) = building(server, "Count the visitors").await;
    build.log.write(FAILURE.as_bytes()).unwrap();
    scene.end_phase(&build, "build", 3200, Status::Failed).await;
    let reason = "phase build: the command `cargo test` ended with exit code 101";
    scene
        .end(
            build,
            RunOutcome::Failed {
                reason: reason.into(),
            },
        )
        .await;
    scene.finish(Status::Failed, Some(reason)).await;
    scene
}

const FAILURE: &str = "\
$ cargo test\n\
\u{1b}[1m\u{1b}[32m   Compiling\u{1b}[0m hello v0.1.0\n\
\u{1b}[1m\u{1b}[31merror[E0425]\u{1b}[0m\u{1b}[1m: cannot find value `visitors` in this scope\u{1b}[0m\n\
\u{20} \u{1b}[34m-->\u{1b}[0m src/server.rs:44:21\n\
\u{20}  \u{1b}[34m|\u{1b}[0m\n\
\u{1b}[34m44 |\u{1b}[0m     let count = visitors + 1;\n\
\u{20}  \u{1b}[34m|\u{1b}[0m                 \u{1b}[31m^^^^^^^^ not found in this scope\u{1b}[0m\n\
\n\
\u{1b}[1m\u{1b}[31merror\u{1b}[0m: could not compile `hello` (bin \"hello\") due to 1 previous error\n";
