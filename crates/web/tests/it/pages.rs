use towpath_model::Status;
use towpath_store::RunOutcome;

use crate::fixture::Server;
use crate::scene::{Scene, building};

#[tokio::test]
async fn empty_states_teach_the_next_command() {
    let server = Server::start().await;
    let page = server.text("/").await;
    assert!(page.contains("towpath project create hello"), "{page}");
    assert!(page.contains(&format!("git push {}", server.url("/git/hello.git"))));
    server.create_project("hello").await;
    let page = server.text("/projects/hello").await;
    assert!(page.contains(&format!(
        "git remote add towpath {}",
        server.url("/git/hello.git")
    )));
}

#[tokio::test]
async fn an_execution_answers_first() {
    let server = Server::start().await;
    server.create_project("hello").await;
    let (scene, build) = building(&server, "Change the <page> to lightskyblue").await;
    let page = server.text(&scene.page()).await;
    assert!(
        page.contains("<h1>Change the &#60;page&#62; to lightskyblue</h1>"),
        "{page}"
    );
    assert!(page.contains("aria-label=\"Stages: Source succeeded, Build running (Build running, Lint succeeded), Image queued, Deploy queued\""));
    assert!(page.contains("<span class=\"c2\">ok</span>"));
    assert!(page.contains("sse-connect="));
    assert!(page.len() < 100_000);

    let reason = "the command `cargo test` ended with exit code 101";
    scene
        .end(
            build,
            RunOutcome::Failed {
                reason: reason.into(),
            },
        )
        .await;
    scene.finish(Status::Failed, Some(reason)).await;
    let page = server.text(&scene.page()).await;
    let (reason, facts) = (
        page.find(reason).unwrap(),
        page.find("class=\"facts\"").unwrap(),
    );
    assert!(reason < facts, "the reason comes first");
    assert!(!page.contains("sse-connect="), "nothing changes any more");
}

#[tokio::test]
async fn lists_search_and_page_in_their_address() {
    let server = Server::start().await;
    server.create_project("hello").await;
    for index in 0..30 {
        let scene = Scene::queued(&server, &format!("Change number {}", "I".repeat(index))).await;
        scene.finish(Status::Succeeded, None).await;
    }
    let first = server.text("/projects/hello").await;
    assert!(first.contains("#30 ") && !first.contains("#5 "));
    assert!(first.contains("href=\"?before=6\""), "{first}");
    let second = server.text("/projects/hello?before=6").await;
    assert!(second.contains("#5 ") && !second.contains("#6 "));
    let found = server
        .text("/projects/hello?q=IIIIIIIIIIIIIIIIIIIIIIIIIIIII")
        .await;
    assert!(found.contains("#30 ") && !found.contains("#29 "));
    let projects = server.text("/?q=nothing-like-it").await;
    assert!(projects.contains("No project, title or commit matches"));
}

#[tokio::test]
async fn projects_are_sorted_and_paged() {
    let server = Server::start().await;
    for index in 0..53 {
        server.create_project(&format!("a{index:02}")).await;
    }
    server.create_project("hello").await;
    Scene::queued(&server, "Change").await;
    let first = server.text("/").await;
    assert!(
        first.contains(">a49</a>") && !first.contains(">a50</a>") && !first.contains(">hello</a>")
    );
    assert!(first.contains("href=\"?from=50\""), "{first}");
    let second = server.text("/?from=50").await;
    assert!(second.contains(">hello</a>") && second.contains("href=\"?from=0\""));
    let recent = server.text("/?sort=recent").await;
    assert!(recent.find(">hello</a>").unwrap() < recent.find(">a00</a>").unwrap());
}

#[tokio::test]
async fn buttons_are_for_those_who_may_press_them() {
    let server = Server::start().await;
    server.create_project("hello").await;
    let scene = Scene::start(&server, "Change").await;
    let page = server.text(&scene.page()).await;
    assert!(!page.contains("/cancel") && page.contains("href=\"/login\""));
    let cookie = server.log_in().await;
    let get = |path: String| {
        server
            .request(reqwest::Method::GET, &path)
            .header("cookie", &cookie)
            .send()
    };
    let page = get(scene.page()).await.unwrap().text().await.unwrap();
    assert!(page.contains("/cancel") && page.contains("Log out"));
    let origin = format!("http://{}", server.address);
    let cancel = server.request(reqwest::Method::POST, &format!("{}/cancel", scene.page()));
    let response = cancel
        .header("cookie", &cookie)
        .header("origin", origin)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 303);
    let page = get(scene.page()).await.unwrap().text().await.unwrap();
    assert!(page.contains("being cancelled") && !page.contains("/cancel\""));
}

#[tokio::test]
async fn errors_have_pages() {
    let server = Server::start().await;
    for (path, status, words) in [
        ("/nothing", 404, "there is nothing at /nothing"),
        ("/projects/nope", 404, "there is no project nope"),
        (
            "/projects/nope/executions/1",
            404,
            "there is no project nope",
        ),
        ("/projects/NOPE", 400, "not a project name"),
    ] {
        let response = server.get(path).await;
        assert_eq!(response.status(), status, "{path}");
        let page = response.text().await.unwrap();
        assert!(
            page.contains(words) && page.contains("<main"),
            "{path}: {page}"
        );
    }
}

#[tokio::test]
async fn every_page_opens() {
    let server = Server::start().await;
    server.create_project("hello").await;
    for path in [
        "/",
        "/login",
        "/projects/hello",
        "/projects/hello/app",
        "/projects/hello/images",
    ] {
        let page = server.text(path).await;
        assert!(
            page.starts_with("<!doctype html>") && page.len() < 20_000,
            "{path}"
        );
    }
    let scene = Scene::queued(&server, "Change").await;
    assert!(
        server
            .text(&scene.page())
            .await
            .contains("waits for its turn")
    );
}
