use std::collections::BTreeMap;

use towpath_model::{Digest, Status, Timestamp, Trigger};
use towpath_store::{NewExecution, StoreError, StoredManifest};

use crate::fixture::{Fixture, NOW, a_project, commit, main};

const LATER: Timestamp = Timestamp(2_000);

#[tokio::test]
async fn what_is_marked_is_found_by_the_next_server_and_may_leave_its_app_after_all() {
    let fixture = Fixture::new().await;
    let (store, project) = (&fixture.store, &fixture.project);
    assert!(store.request_deletion(project, false, NOW).await.unwrap());
    let due = fixture.reopened().await.due_deletions(NOW).await.unwrap();
    assert_eq!(due.len(), 1);
    assert!(!due[0].leave_app);

    let postponed = store.postpone_deletion(&due[0], "the cluster is far away", LATER);
    postponed.await.unwrap();
    assert_eq!(store.due_deletions(NOW).await.unwrap(), []);
    let waiting = store.project_deletion(project).await.unwrap().unwrap();
    assert_eq!(waiting.error.as_deref(), Some("the cluster is far away"));

    assert!(store.request_deletion(project, true, NOW).await.unwrap());
    let asked = store.due_deletions(NOW).await.unwrap();
    assert!(asked[0].leave_app && asked[0].error.is_none());
    // Of an attempt that began before.
    let late = store.postpone_deletion(&waiting, "the cluster is far away", LATER);
    late.await.unwrap();
    assert_eq!(store.due_deletions(NOW).await.unwrap(), asked);
    let stranger = "nobody".parse().unwrap();
    assert!(!store.request_deletion(&stranger, false, NOW).await.unwrap());
}

#[tokio::test]
async fn nothing_begins_in_it_and_it_goes_only_when_nothing_runs() {
    let fixture = Fixture::new().await;
    let (store, project) = (&fixture.store, &fixture.project);
    let running = fixture.push('1').await;
    store.request_deletion(project, false, NOW).await.unwrap();
    let refs = BTreeMap::from([(main(), commit('2'))]);
    store.observe_refs(project, &refs, NOW).await.unwrap();
    let events = store.unhandled_events().await.unwrap();
    let new = NewExecution {
        project: project.clone(),
        trigger: Trigger::Push,
        ref_name: main(),
        commit: commit('2'),
        title: String::new(),
        author: String::new(),
    };
    let refused = store.create_execution(&events[0], &new, NOW).await;
    assert!(
        matches!(refused, Err(StoreError::BeingDeleted(_))),
        "{refused:?}"
    );

    let deletion = store.project_deletion(project).await.unwrap().unwrap();
    assert!(!store.finish_deletion(&deletion).await.unwrap());
    let finished = store.finish_execution(&running, Status::Cancelled, None, NOW);
    finished.await.unwrap();
    assert!(store.finish_deletion(&deletion).await.unwrap());
    assert_eq!(store.projects().await.unwrap(), []);
    assert_eq!(store.due_deletions(NOW).await.unwrap(), []);
    assert_eq!(store.execution(&running).await.unwrap(), None);

    store.create_project(&a_project(project)).await.unwrap();
    assert_eq!(fixture.push('3').await.number.0, 1);
}

#[tokio::test]
async fn its_images_go_with_it_and_no_others() {
    for leave_app in [false, true] {
        let fixture = Fixture::new().await;
        let (store, project) = (&fixture.store, &fixture.project);
        for repository in ["hello", "hello/sidecar", "hello-2", "@docker.io/hello"] {
            let manifest = manifest(repository);
            store.put_manifest(&manifest, &["latest"]).await.unwrap();
        }
        store
            .request_deletion(project, leave_app, NOW)
            .await
            .unwrap();
        let deletion = store.project_deletion(project).await.unwrap().unwrap();
        assert!(store.finish_deletion(&deletion).await.unwrap());
        let left = store.manifests().await.unwrap();
        let left: Vec<&str> = left.iter().map(|left| left.repository.as_str()).collect();
        match leave_app {
            true => assert_eq!(left.len(), 4),
            false => assert_eq!(left, ["@docker.io/hello", "hello-2", "hello/sidecar"]),
        }
    }
}

pub(crate) fn manifest(repository: &str) -> StoredManifest {
    StoredManifest {
        repository: repository.to_owned(),
        digest: Digest::of(b"{}"),
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        size: 2,
        subject: None,
        pushed_at: NOW,
    }
}
