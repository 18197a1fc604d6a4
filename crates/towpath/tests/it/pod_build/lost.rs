//! A node that is heard of no more.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use towpath_testkit::eventually_within;

use super::scene::{BEHAVIOUR, PROJECT, Scene};

pub(super) const NODE: &str = "kube.test/node";
/// The lease of a worker is a minute, and then the pod and its node are asked.
const LEASE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_build_whose_node_is_lost_runs_again_on_another() {
    let Some(scene) = Scene::new().await else {
        return;
    };
    let node = |number| format!("{}-{number}", scene.namespace.name());
    scene.namespace.annotate(NODE, &node(1)).await.unwrap();
    scene.start(2, "sleep 1000");
    let first = scene.until_building(2, "").await;
    scene.namespace.annotate(NODE, &node(2)).await.unwrap();
    let lost = json!({"metadata": {"annotations": {BEHAVIOUR: "node-lost"}}});
    let path = scene.path(&format!("pods/{first}"));
    let patched = scene.kube.call(Method::PATCH, &path, Some(&lost)).await;
    assert_eq!(patched.unwrap()["spec"]["nodeName"], node(1));
    let action = format!("{PROJECT}/executions/2/actions/Build/Build");
    let said = eventually_within(LEASE, "the build to be tried again", || async {
        let log = scene.log(&format!("{action}/log?attempt=1")).await;
        log.contains("it is tried again").then_some(log)
    })
    .await;
    let sentence = format!(
        "the build's place was lost (nothing was heard of its worker for 60 s: node {} does not answer: Kubelet \
         stopped posting node status.); it is tried again",
        node(1)
    );
    assert!(said.contains(&sentence), "{said}");
    let second = scene.until_building(2, &first).await;
    let path = scene.path(&format!("pods/{second}"));
    let pod = scene.kube.get(&path).await.unwrap();
    assert_eq!(pod["spec"]["nodeName"], node(2));
}
