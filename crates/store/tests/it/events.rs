use std::collections::BTreeMap;

use towpath_model::{Event, StartRequested};
use towpath_store::StoreError;

use crate::fixture::{Fixture, NOW, a_project, commit, main};

#[tokio::test]
async fn a_ref_that_moved_is_one_event_however_often_it_is_looked_at() {
    let fixture = Fixture::new().await;
    let refs = BTreeMap::from([(main(), commit('1'))]);
    let (store, project) = (&fixture.store, &fixture.project);
    let moved = store.observe_refs(project, &refs, NOW).await.unwrap();
    assert_eq!((moved.len(), moved[0].generation), (1, 1));
    assert_eq!(
        (moved[0].old.clone(), moved[0].new.clone()),
        (None, Some(commit('1')))
    );
    assert!(
        store
            .observe_refs(project, &refs, NOW)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        fixture
            .reopened()
            .await
            .unhandled_events()
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn generations_go_on_counting_through_a_deletion_and_back() {
    let fixture = Fixture::new().await;
    let (store, project) = (&fixture.store, &fixture.project);
    let refs = BTreeMap::from([(main(), commit('1'))]);
    let mut generations = Vec::new();
    for refs in [&refs, &BTreeMap::new(), &refs] {
        let moved = store.observe_refs(project, refs, NOW).await.unwrap();
        generations.extend(
            moved
                .iter()
                .map(|update| (update.generation, update.new.clone())),
        );
    }
    let expected = [(1, Some(commit('1'))), (2, None), (3, Some(commit('1')))];
    assert_eq!(generations, expected);
}

#[tokio::test]
async fn the_same_request_is_one_event() {
    let fixture = Fixture::new().await;
    let event = Event::StartRequested(StartRequested {
        project: fixture.project.clone(),
        commit: commit('1'),
        request: "once".to_owned(),
    });
    assert!(fixture.store.record_event(&event, NOW).await.unwrap());
    assert!(!fixture.store.record_event(&event, NOW).await.unwrap());
}

#[tokio::test]
async fn a_dismissed_event_does_not_come_back() {
    let fixture = Fixture::new().await;
    let refs = BTreeMap::from([(main(), commit('1'))]);
    fixture
        .store
        .observe_refs(&fixture.project, &refs, NOW)
        .await
        .unwrap();
    let events = fixture.store.unhandled_events().await.unwrap();
    fixture.store.dismiss_event(&events[0], NOW).await.unwrap();
    assert!(fixture.store.unhandled_events().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_project_is_created_once() {
    let fixture = Fixture::new().await;
    let again = fixture
        .store
        .create_project(&a_project(&fixture.project))
        .await;
    assert!(matches!(again, Err(StoreError::Exists(_))), "{again:?}");
}
