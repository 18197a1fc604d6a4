use std::time::Duration;

use towpath_model::{BuildPlace, ClusterName, ProjectName, Status};
use towpath_store::{
    ClusterKey, ClusterMethod, ClusterRemoval, NewCluster, PullScope, Secret, Store, StoreError,
};

use crate::fixture::{Fixture, NOW, a_project};

pub(crate) fn prod() -> ClusterName {
    "prod".parse().unwrap()
}

pub(crate) fn cluster(secret: &str) -> NewCluster {
    NewCluster {
        name: prod(),
        method: ClusterMethod::Kubeconfig,
        server: "https://prod.example:6443".to_owned(),
        context: Some("admin@prod".to_owned()),
        plugin: None,
        credentials: Secret::from(secret.to_owned()),
    }
}

#[tokio::test]
async fn a_cluster_keeps_its_credentials_sealed() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    store
        .add_cluster(&cluster("hunter2"), false, NOW)
        .await
        .unwrap();
    let error = store.add_cluster(&cluster("other"), false, NOW).await;
    assert!(matches!(error, Err(StoreError::Exists(_))), "{error:?}");

    let reopened = fixture.reopened().await;
    let stored = reopened.cluster(&prod()).await.unwrap().unwrap();
    assert_eq!(stored.server, "https://prod.example:6443");
    assert!(!format!("{stored:?}").contains("hunter2"));
    let secret = reopened.cluster_credentials(&stored).unwrap();
    assert_eq!(secret.expose_str().unwrap(), "hunter2");
}

#[tokio::test]
async fn replaced_credentials_are_seen_to_be_others() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    store
        .add_cluster(&cluster("hunter2"), false, NOW)
        .await
        .unwrap();
    let before = store.cluster(&prod()).await.unwrap().unwrap();
    let later = NOW.plus(Duration::from_secs(60));
    store
        .add_cluster(&cluster("hunter2"), true, later)
        .await
        .unwrap();
    let after = store.cluster(&prod()).await.unwrap().unwrap();
    assert_ne!(before.credentials(), after.credentials());
    assert_eq!((after.created_at, after.updated_at), (NOW, later));
}

#[tokio::test]
async fn a_cluster_that_a_project_uses_stays() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let mut project = a_project(&"web".parse::<ProjectName>().unwrap());
    project.cluster = prod();
    let error = store.create_project(&project).await;
    assert!(matches!(error, Err(StoreError::NoCluster(_))), "{error:?}");

    store
        .add_cluster(&cluster("hunter2"), false, NOW)
        .await
        .unwrap();
    store.create_project(&project).await.unwrap();
    let removal = store.remove_cluster(&prod()).await.unwrap();
    assert_eq!(removal, ClusterRemoval::Used(vec![project.name]));
    assert!(store.cluster(&prod()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_cluster_that_nobody_uses_goes() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let removal = store.remove_cluster(&prod()).await.unwrap();
    assert_eq!(removal, ClusterRemoval::NotThere);
    store
        .add_cluster(&cluster("hunter2"), false, NOW)
        .await
        .unwrap();
    let removal = store.remove_cluster(&prod()).await.unwrap();
    assert_eq!(removal, ClusterRemoval::Removed);
    assert!(store.clusters().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_pull_token_is_of_one_project_and_is_renewed() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let scope = PullScope {
        project: fixture.project.clone(),
        cluster: prod(),
        namespace: "hello".parse().unwrap(),
    };
    let valid = async |token: &Secret| {
        let project = store.pull_token_project(token.expose_str().unwrap()).await;
        project.unwrap() == Some(fixture.project.clone())
    };
    let first = store.pull_token(&scope, NOW).await.unwrap();
    let again = store.pull_token(&scope, NOW).await.unwrap();
    assert_eq!(first.expose(), again.expose());
    assert!(valid(&first).await);

    let later = NOW.plus(Duration::from_secs(31 * 24 * 3600));
    let second = store.pull_token(&scope, later).await.unwrap();
    assert_ne!(first.expose(), second.expose());
    assert!(valid(&first).await, "the namespace has the old one still");
    store.remove_old_pull_tokens(&scope, &second).await.unwrap();
    assert!(!valid(&first).await);
    assert!(valid(&second).await);
    assert!(!valid(&Secret::from("towpath_pull_x".to_owned())).await);
}

#[tokio::test]
async fn a_pull_token_survives_a_lost_key() {
    let fixture = Fixture::new().await;
    let scope = PullScope {
        project: fixture.project.clone(),
        cluster: prod(),
        namespace: "hello".parse().unwrap(),
    };
    let first = fixture.store.pull_token(&scope, NOW).await.unwrap();
    std::fs::remove_file(fixture.folder.path().join("secret.key")).unwrap();
    let reopened = fixture.reopened().await;
    let second = reopened.pull_token(&scope, NOW).await.unwrap();
    assert_ne!(first.expose(), second.expose());
    let third = reopened.pull_token(&scope, NOW).await.unwrap();
    assert_eq!(second.expose(), third.expose());
}

pub(crate) fn scope(fixture: &Fixture) -> PullScope {
    PullScope {
        project: fixture.project.clone(),
        cluster: prod(),
        namespace: "hello".parse().unwrap(),
    }
}

/// As a deployment does: the inventory has the secret from before it is made.
pub(crate) async fn deploy_secret(store: &Store, scope: &PullScope) {
    let key = ClusterKey {
        namespace: scope.namespace.to_string(),
        name: PullScope::secret_name(&scope.project),
        group: String::new(),
        kind: "Secret".to_owned(),
    };
    let objects = [(key, "v1".to_owned())];
    store
        .begin_kubernetes_apply(&scope.cluster, &scope.project, &objects, NOW)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_pods_were_deployed_with_is_known_with_its_age() {
    let fixture = Fixture::new().await;
    let (store, scope) = (&fixture.store, scope(&fixture));
    store.pull_token(&scope, NOW).await.unwrap();
    assert!(store.deployed_pulls().await.unwrap().is_empty());
    deploy_secret(store, &scope).await;
    let age = Duration::from_secs(3600);
    let later = NOW.plus(age);
    let new = store.pull_token_younger_than(age, &scope, later).await;
    new.unwrap();
    let pulls = store.deployed_pulls().await.unwrap();
    assert_eq!(pulls.len(), 1);
    assert_eq!((&pulls[0].scope, pulls[0].made_at), (&scope, later));
    assert!(pulls[0].has_older);
    assert_eq!(store.remove_idle_pull_tokens().await.unwrap(), 0);
}

#[tokio::test]
async fn tokens_of_builds_end_when_nothing_builds_there_any_more() {
    let fixture = Fixture::new().await;
    let (store, scope) = (&fixture.store, scope(&fixture));
    store.add_cluster(&cluster("x"), false, NOW).await.unwrap();
    let mut builder = a_project(&"builder".parse::<ProjectName>().unwrap());
    builder.namespace = scope.namespace.clone();
    store.create_project(&builder).await.unwrap();
    let place = BuildPlace {
        cluster: prod(),
        image: None,
        compute: None,
        pull_secret: None,
    };
    let set = async |place| store.set_build_place(&builder.name, place).await.unwrap();
    let valid = async |token: &Secret| {
        let project = store.pull_token_project(token.expose_str().unwrap()).await;
        project.unwrap().is_some()
    };
    set(Some(&place)).await;
    let token = store.pull_token(&scope, NOW).await.unwrap();
    assert_eq!(store.remove_idle_pull_tokens().await.unwrap(), 0);
    let running = fixture.push('a').await;
    set(None).await;
    assert!(valid(&token).await, "an execution may just have got it");
    fixture.finish(&running, Status::Succeeded).await;
    assert_eq!(store.remove_idle_pull_tokens().await.unwrap(), 1);
    assert!(!valid(&token).await);

    set(Some(&place)).await;
    let token = store.pull_token(&scope, NOW).await.unwrap();
    set(None).await;
    assert!(!valid(&token).await, "it goes with the last build's place");

    set(Some(&place)).await;
    let token = store.pull_token(&scope, NOW).await.unwrap();
    store
        .request_deletion(&builder.name, false, NOW)
        .await
        .unwrap();
    let deletion = store.project_deletion(&builder.name).await.unwrap();
    assert!(store.finish_deletion(&deletion.unwrap()).await.unwrap());
    assert!(!valid(&token).await, "it goes with the project that builds");
}
