//! Whether registered webhooks are still at their git host.

use hyper::Method;
use serde_json::json;
use towpath_testkit::{eventually, eventually_async};

use crate::webhook::Scene;

/// Somebody at the git host removes the webhook, switches it off, and asks to be left alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_is_there_no_more_is_told() {
    let scene = Scene::with(&["--check-webhooks", "1s"]).await;
    let remote = json!({ "url": scene.host.url(), "provider": "github", "api_token": "s3cret",
                         "poll_seconds": 10 });
    scene.create("hello", remote).await;
    let hook = |what: &'static str, field: &'static str, words: &'static str| {
        let scene = &scene;
        async move {
            eventually_async(what, || async {
                let hook = scene.remote("hello").await["webhook"].clone();
                hook[field]
                    .as_str()
                    .filter(|text| text.contains(words))
                    .map(str::to_owned)
            })
            .await
        }
    };
    hook("the webhook to be seen", "seen_at", "T").await;
    scene.host.lose_hooks();
    let lost = hook("its loss to be told", "lost", "removed").await;
    assert!(lost.contains("`towpath webhook register hello`"), "{lost}");
    let page = scene
        .server
        .client()
        .get(format!("{}/projects/hello", scene.server.url()));
    let page = page.bearer_auth(scene.server.token()).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(
        page.contains("The webhook does not call: somebody removed it"),
        "{page}"
    );
    assert!(
        scene.host.hooks().is_empty(),
        "it is not made again unasked"
    );

    let path = "/api/v1/projects/hello/webhook";
    scene.server.call(Method::POST, path, None).await.unwrap();
    eventually("the webhook to be registered again", || {
        scene.host.hooks().pop()
    });
    eventually_async("nothing to be wrong any more", || async {
        let remote = scene.remote("hello").await;
        (remote["webhook"]["lost"].is_null() && remote["webhook"]["registered"] == true)
            .then_some(())
    })
    .await;
    scene
        .host
        .change_hooks(|hook| hook["active"] = false.into());
    hook("the switch to be told", "lost", "switched off").await;
    scene.host.change_hooks(|hook| hook["active"] = true.into());
    eventually_async("it to be well again", || async {
        scene.remote("hello").await["webhook"]["lost"]
            .is_null()
            .then_some(())
    })
    .await;

    scene.host.wait(Some(3600));
    let error = hook(
        "the wait to be told",
        "check_error",
        "asks us to wait 3600 s",
    )
    .await;
    let asked = scene.host.calls("/hooks/").len();
    assert!(error.contains("too many requests"), "{error}");
    let commit = scene.push("First");
    let execution = scene.server.finished("hello", 1).await;
    assert_eq!(execution["commit"], commit);
    assert_eq!(scene.host.calls("/hooks/").len(), asked, "it is left alone");
    scene.server.stop().await.unwrap();
}
