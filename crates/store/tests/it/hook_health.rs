//! Whether registered webhooks are still there.

use std::time::Duration;

use towpath_model::{Provider, Timestamp};
use towpath_store::{HookCheck, NewRemote, RemoteSecrets, Store};

use crate::fixture::{Fixture, NOW};

async fn registered(fixture: &Fixture) -> &Store {
    let store = &fixture.store;
    let remote = NewRemote {
        url: "https://github.com/acme/hello".parse().unwrap(),
        provider: Provider::Github,
        username: None,
        known_hosts: None,
        poll: Some(Duration::from_secs(60)),
        hook_wanted: true,
        sns_topic: None,
        secrets: RemoteSecrets {
            api_token: Some("t0ken".to_owned().into()),
            ..RemoteSecrets::default()
        },
    };
    let name = &fixture.project;
    store.set_remote(name, &remote, NOW).await.unwrap();
    store
        .finish_hook(name, &Ok("7".to_owned()), Timestamp(2_000))
        .await
        .unwrap();
    store
}

#[tokio::test]
async fn a_lost_webhook_is_kept_in_mind_until_it_is_asked_for_again() {
    let fixture = Fixture::new().await;
    let store = registered(&fixture).await;
    let name = &fixture.project;
    let due = |now| async move {
        store
            .due_hook_checks(Timestamp(now), 9)
            .await
            .unwrap()
            .len()
    };
    let hook = || async { store.remote(name).await.unwrap().unwrap().hook };
    assert_eq!((due(1_999).await, due(2_000).await), (0, 1));
    let finish = |id: &'static str, check: HookCheck, next| async move {
        let finished = store.finish_hook_check(name, id, &check, Timestamp(next), Timestamp(2_500));
        finished.await.unwrap();
    };
    finish("6", HookCheck::Lost("of another".to_owned()), 9_000).await;
    assert_eq!(hook().await.lost, None, "another was registered meanwhile");
    finish("7", HookCheck::There, 3_000).await;
    assert_eq!(hook().await.seen_at, Some(Timestamp(2_500)));
    assert_eq!((due(2_999).await, due(3_000).await), (0, 1));
    finish("7", HookCheck::Lost("removed".to_owned()), 4_000).await;
    finish(
        "7",
        HookCheck::Unknown("too many requests".to_owned()),
        5_000,
    )
    .await;
    let lost = hook().await;
    assert_eq!(
        lost.lost.as_deref(),
        Some("removed"),
        "not knowing changes nothing"
    );
    assert_eq!(
        (lost.check_failures, lost.check_error.as_deref()),
        (1, Some("too many requests"))
    );
    assert!(
        store.due_hooks(Timestamp(9_000)).await.unwrap().is_empty(),
        "not unasked"
    );
    store.want_hook(name, true, Timestamp(6_000)).await.unwrap();
    let again = hook().await;
    assert_eq!(
        (again.id, again.lost, again.check_error),
        (None, None, None)
    );
    assert_eq!(store.due_hooks(Timestamp(6_000)).await.unwrap().len(), 1);
}
