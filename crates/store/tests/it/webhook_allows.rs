use towpath_model::{ClusterName, Namespace, Provider};
use towpath_store::{NewWebhookAllow, RemoteSecrets};

use crate::fixture::{Fixture, NOW};

#[tokio::test]
async fn a_pattern_keeps_where_its_projects_go_and_a_second_time_changes_it() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let mut new = NewWebhookAllow {
        provider: Provider::Github,
        pattern: "github.com/acme/*".to_owned(),
        branch: None,
        cluster: "prod".parse().unwrap(),
        namespace: Some("shop".parse().unwrap()),
        username: None,
        sns_topic: None,
        secrets: RemoteSecrets::default(),
    };
    store.allow_webhook(&new, NOW).await.unwrap();
    let allow = store.webhook_allows().await.unwrap().remove(0);
    assert_eq!(allow.cluster.as_str(), "prod");
    assert_eq!(
        allow.namespace.as_ref().map(Namespace::as_str),
        Some("shop")
    );

    new.cluster = ClusterName::local();
    new.namespace = None;
    store.allow_webhook(&new, NOW).await.unwrap();
    let allows = fixture.reopened().await.webhook_allows().await.unwrap();
    assert_eq!(allows.len(), 1);
    assert_eq!(allows[0].cluster, ClusterName::local());
    assert_eq!(allows[0].namespace, None);
}
