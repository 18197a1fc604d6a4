use std::collections::BTreeMap;

use towpath_model::BuildPlace;
use towpath_store::{ClusterRemoval, RunOutcome, StoreError};

use crate::clusters::cluster;
use crate::fixture::{Fixture, NOW, action};

#[tokio::test]
async fn a_jobs_token_is_good_while_its_attempt_runs_or_its_place_is_kept() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let key = fixture.push('1').await;
    let run = store
        .start_action(&action(&key, "Build"), NOW)
        .await
        .unwrap();
    let token = store.open_work("a", &run, NOW).await.unwrap();
    let other = store.open_work("b", &run, NOW).await.unwrap();
    let (token, other) = (token.expose_str().unwrap(), other.expose_str().unwrap());
    assert!(store.is_work_token("a", token).await.unwrap());
    assert!(!store.is_work_token("a", other).await.unwrap());
    assert!(!store.is_work_token("none", token).await.unwrap());
    store.close_work("b").await.unwrap();
    assert!(!store.is_work_token("b", other).await.unwrap());
    let nothing = (BTreeMap::new(), BTreeMap::new());
    store
        .finish_action(&run, &RunOutcome::Succeeded, &nothing.0, &nothing.1, NOW)
        .await
        .unwrap();
    assert!(!store.is_work_token("a", token).await.unwrap());
    store.keep_work("a").await.unwrap();
    assert!(store.is_work_token("a", token).await.unwrap());
    assert_eq!(store.close_all_work().await.unwrap(), 1);
    assert!(!store.is_work_token("a", token).await.unwrap());
}

#[tokio::test]
async fn a_cluster_on_which_builds_run_stays() {
    let fixture = Fixture::new().await;
    let (store, project) = (&fixture.store, &fixture.project);
    let place = BuildPlace {
        cluster: "prod".parse().unwrap(),
        image: Some("debian:12".to_owned()),
        compute: None,
        pull_secret: Some("registry.example".parse().unwrap()),
    };
    let refused = store.set_build_place(project, Some(&place)).await;
    assert!(
        matches!(refused, Err(StoreError::NoCluster(_))),
        "{refused:?}"
    );
    store
        .add_cluster(&cluster("hunter2"), false, NOW)
        .await
        .unwrap();
    store.set_build_place(project, Some(&place)).await.unwrap();
    assert_eq!(
        store.build_place(project).await.unwrap(),
        Some(place.clone())
    );
    assert_eq!(
        store.build_clusters().await.unwrap(),
        std::slice::from_ref(&place.cluster)
    );
    assert_eq!(
        store.remove_cluster(&place.cluster).await.unwrap(),
        ClusterRemoval::Used(vec![project.clone()])
    );
    store.set_build_place(project, None).await.unwrap();
    assert_eq!(store.build_place(project).await.unwrap(), None);
    assert_eq!(
        store.remove_cluster(&place.cluster).await.unwrap(),
        ClusterRemoval::Removed
    );
}
