//! What projects that were deleted have left in clusters.

use towpath_model::ProjectName;
use towpath_store::{LeftApp, LeftAppFilter, Secret, Store};

use crate::clusters::{deploy_secret, prod, scope};
use crate::fixture::{Fixture, NOW, a_project};
use crate::project_deletions::manifest;

/// Deletes the project as its deletion does at its end.
async fn delete(store: &Store, project: &ProjectName, leave_app: bool) {
    let asked = store.request_deletion(project, leave_app, NOW).await;
    assert!(asked.unwrap());
    let deletion = store.project_deletion(project).await.unwrap().unwrap();
    assert!(store.finish_deletion(&deletion).await.unwrap());
}

#[tokio::test]
async fn an_app_that_was_left_pulls_until_it_is_forgotten() {
    let fixture = Fixture::new().await;
    let (store, scope) = (&fixture.store, scope(&fixture));
    let project = &fixture.project;
    let valid = async |token: &Secret| {
        let project = store.pull_token_project(token.expose_str().unwrap()).await;
        project.unwrap().is_some()
    };
    let images = async || store.manifests().await.unwrap().len();
    deploy_secret(store, &scope).await;
    let token = store.pull_token(&scope, NOW).await.unwrap();
    let manifest = manifest(project.as_str());
    store.put_manifest(&manifest, &["latest"]).await.unwrap();
    delete(store, project, true).await;
    let left = LeftApp {
        project: project.clone(),
        cluster: prod(),
        namespace: scope.namespace.clone(),
        left_at: NOW,
        pulls: true,
    };
    assert_eq!(store.left_apps().await.unwrap(), [left]);
    assert_eq!(store.remove_idle_pull_tokens().await.unwrap(), 0);
    assert!(valid(&token).await);

    // Another project of that name neither ends it nor takes its images away.
    store.create_project(&a_project(project)).await.unwrap();
    delete(store, project, false).await;
    assert!(valid(&token).await);
    assert_eq!(images().await, 1);

    let mut filter = LeftAppFilter {
        project: project.clone(),
        cluster: None,
        namespace: Some("elsewhere".parse().unwrap()),
    };
    assert_eq!(store.forget_left_apps(&filter).await.unwrap(), 0);
    filter.namespace = None;
    assert_eq!(store.forget_left_apps(&filter).await.unwrap(), 1);
    assert!(!valid(&token).await);
    assert_eq!(store.left_apps().await.unwrap(), []);
    assert_eq!(images().await, 0, "they go with the last that pulls them");
}

#[tokio::test]
async fn a_namespace_that_is_deployed_to_again_ends_what_was_left_there() {
    let fixture = Fixture::new().await;
    let (store, scope) = (&fixture.store, scope(&fixture));
    let project = &fixture.project;
    deploy_secret(store, &scope).await;
    store.pull_token(&scope, NOW).await.unwrap();
    delete(store, project, true).await;
    store.create_project(&a_project(project)).await.unwrap();
    let token = store.pull_token(&scope, NOW).await.unwrap();
    assert!(store.left_apps().await.unwrap()[0].pulls);
    store.remove_old_pull_tokens(&scope, &token).await.unwrap();
    assert!(!store.left_apps().await.unwrap()[0].pulls);
}
