use std::time::Duration;

use futures_util::future::join_all;
use towpath_model::{Provider, Status, Timestamp};
use towpath_store::{
    Credential, DeliveryFilter, DeliveryState, Fetched, NewDelivery, NewRemote, Refusal,
    RemoteSecrets, Secret,
};

use crate::fixture::{Fixture, NOW};

const LATER: Timestamp = Timestamp(1_000_000);

fn remote() -> NewRemote {
    NewRemote {
        url: "https://github.com/acme/hello".parse().unwrap(),
        provider: Provider::Github,
        username: None,
        known_hosts: None,
        poll: Some(Duration::from_secs(60)),
        hook_wanted: true,
        sns_topic: None,
        secrets: RemoteSecrets {
            credential: Credential::Token(Secret::from("s3cret-token".to_owned())),
            api_token: Some(Secret::from("api".to_owned())),
            webhook: Some(Secret::from("hook".to_owned())),
        },
    }
}

fn delivery(fixture: &Fixture, id: &str) -> NewDelivery {
    NewDelivery {
        key: format!("github/hello/{id}"),
        provider: Provider::Github,
        path: "/webhooks/github/hello".to_owned(),
        project: Some(fixture.project.clone()),
        repository: None,
        branch: None,
        event: "push".to_owned(),
        state: DeliveryState::Pending,
        reason: "refs/heads/main is 1111111".to_owned(),
        size: 2,
        body: "{}".to_owned(),
        received_at: NOW,
    }
}

async fn states(fixture: &Fixture) -> Vec<DeliveryState> {
    let filter = DeliveryFilter {
        limit: 100,
        ..DeliveryFilter::default()
    };
    let listed = fixture.store.deliveries(&filter).await.unwrap();
    listed.iter().map(|delivery| delivery.state).collect()
}

fn fetched(seen: i64, error: Option<&str>) -> Fetched {
    Fetched {
        seen,
        error: error.map(str::to_owned),
        known_hosts: None,
        next: LATER,
    }
}

#[tokio::test]
async fn many_at_once_are_each_written_once() {
    let fixture = Fixture::new().await;
    let all = (0..200).map(|number| {
        let new = delivery(&fixture, &format!("{}", number % 100));
        fixture.store.record_delivery(new)
    });
    let recorded = join_all(all).await;
    let new = recorded
        .iter()
        .filter(|one| one.as_ref().unwrap().new)
        .count();
    assert_eq!(new, 100);
    assert_eq!(
        fixture
            .reopened()
            .await
            .newest_delivery(&fixture.project)
            .await
            .unwrap(),
        100
    );
}

#[tokio::test]
async fn one_that_cannot_be_written_hinders_no_other() {
    let fixture = Fixture::new().await;
    let all = (0..20).map(|number| {
        let mut new = delivery(&fixture, &format!("{number}"));
        if number == 7 {
            new.project = Some("gone".parse().unwrap());
        }
        fixture.store.record_delivery(new)
    });
    let recorded = join_all(all).await;
    assert_eq!(recorded.iter().filter(|one| one.is_err()).count(), 1);
    assert_eq!(states(&fixture).await.len(), 19);
}

#[tokio::test]
async fn a_look_answers_what_had_come_before_it_began() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    store
        .set_remote(&fixture.project, &remote(), NOW)
        .await
        .unwrap();
    let first = store
        .record_delivery(delivery(&fixture, "1"))
        .await
        .unwrap();
    let seen = store.newest_delivery(&fixture.project).await.unwrap();
    assert_eq!(seen, first.id);
    store
        .record_delivery(delivery(&fixture, "2"))
        .await
        .unwrap();
    store
        .finish_fetch(&fixture.project, &fetched(seen, None), NOW)
        .await
        .unwrap();
    assert_eq!(
        states(&fixture).await,
        [DeliveryState::Pending, DeliveryState::Done]
    );
    assert_eq!(
        store.due_remotes(NOW).await.unwrap().len(),
        1,
        "the second one waits"
    );
    store
        .finish_fetch(&fixture.project, &fetched(seen + 1, None), NOW)
        .await
        .unwrap();
    assert!(store.due_remotes(NOW).await.unwrap().is_empty());
    assert!(store.replay_delivery(first.id, NOW).await.unwrap());
    assert_eq!(store.due_remotes(NOW).await.unwrap().len(), 1, "replayed");
}

#[tokio::test]
async fn a_failure_keeps_deliveries_and_its_distance() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    store
        .set_remote(&fixture.project, &remote(), NOW)
        .await
        .unwrap();
    store
        .record_delivery(delivery(&fixture, "1"))
        .await
        .unwrap();
    store
        .finish_fetch(&fixture.project, &fetched(1, Some("no route")), NOW)
        .await
        .unwrap();
    store
        .record_delivery(delivery(&fixture, "2"))
        .await
        .unwrap();
    assert_eq!(states(&fixture).await, [DeliveryState::Pending; 2]);
    assert!(
        store.due_remotes(NOW).await.unwrap().is_empty(),
        "not before the back-off ends"
    );
    let remote = store.due_remotes(LATER).await.unwrap().remove(0);
    assert_eq!(
        (remote.failures, remote.error.as_deref()),
        (1, Some("no route"))
    );
}

#[tokio::test]
async fn secrets_are_sealed_and_come_back() {
    let fixture = Fixture::new().await;
    fixture
        .store
        .set_remote(&fixture.project, &remote(), NOW)
        .await
        .unwrap();
    let secrets = fixture
        .store
        .remote_secrets(&fixture.project)
        .await
        .unwrap()
        .unwrap();
    let Credential::Token(token) = secrets.credential else {
        panic!("a token")
    };
    assert_eq!(token.expose(), b"s3cret-token");
    for name in ["towpath.db", "towpath.db-wal"] {
        let file = std::fs::read(fixture.folder.path().join(name)).unwrap_or_default();
        assert!(
            !file.windows(12).any(|window| window == b"s3cret-token"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn refusals_are_bounded_and_old_deliveries_forgotten() {
    let fixture = Fixture::new().await;
    let refusal = Refusal {
        provider: Provider::Github,
        path: "/webhooks/github/x".to_owned(),
        reason: "its signature is wrong".to_owned(),
        size: 3,
        received_at: NOW,
    };
    for _ in 0..1010 {
        fixture.store.record_refusal(&refusal).await.unwrap();
    }
    let refused = DeliveryFilter {
        state: Some(DeliveryState::Refused),
        limit: 2000,
        ..DeliveryFilter::default()
    };
    assert_eq!(
        fixture.store.deliveries(&refused).await.unwrap().len(),
        1000
    );
    for number in 0..5 {
        let mut new = delivery(&fixture, &format!("{number}"));
        new.state = DeliveryState::Ignored;
        fixture.store.record_delivery(new).await.unwrap();
    }
    let day = Duration::from_secs(86_400);
    assert_eq!(
        fixture.store.prune_deliveries(day, 3, NOW).await.unwrap(),
        2
    );
    let late = NOW.plus(day * 2);
    assert_eq!(
        fixture.store.prune_deliveries(day, 3, late).await.unwrap(),
        1003
    );
}

#[tokio::test]
async fn each_change_of_status_is_told_once() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    store
        .set_remote(&fixture.project, &remote(), NOW)
        .await
        .unwrap();
    let key = fixture.push('1').await;
    let pending = store.statuses_to_tell(NOW).await.unwrap();
    assert_eq!((pending.len(), pending[0].outcome), (1, None));
    store
        .status_not_told(&pending[0], "403", LATER)
        .await
        .unwrap();
    assert!(
        store.statuses_to_tell(NOW).await.unwrap().is_empty(),
        "waits"
    );
    assert_eq!(store.statuses_to_tell(LATER).await.unwrap()[0].failures, 1);
    store.status_told(&pending[0], NOW).await.unwrap();
    assert!(
        store.statuses_to_tell(LATER).await.unwrap().is_empty(),
        "told"
    );
    store
        .finish_execution(&key, Status::Succeeded, None, NOW)
        .await
        .unwrap();
    let ended = store.statuses_to_tell(LATER).await.unwrap();
    assert_eq!(ended[0].outcome, Some(Status::Succeeded));
    store.status_told(&ended[0], NOW).await.unwrap();
    assert!(store.statuses_to_tell(LATER).await.unwrap().is_empty());
}
