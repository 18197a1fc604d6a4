//! What the collector takes, and what it must leave.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use towpath_model::{Digest, Timestamp};
use towpath_oci::registry::{Collection, Keep};

use crate::fixture::Fixture;

const HOUR: Duration = Duration::from_secs(3600);

fn keep(digests: &[Digest]) -> Keep {
    Keep {
        digests: digests.iter().copied().collect::<BTreeSet<_>>(),
        grace: HOUR,
        foreign: 24 * HOUR,
    }
}

async fn collect(fixture: &Fixture, keep: &Keep, age: Duration) -> Collection {
    let now = Timestamp::from(SystemTime::now()).plus(age);
    fixture.registry.collect(keep, now).await.unwrap()
}

#[tokio::test]
async fn only_what_nothing_leads_to_goes() {
    let fixture = Fixture::new().await;
    let kept = fixture.push_image("a", "kept", b"kept").await;
    let gone = fixture.push_image("a", "gone", b"gone").await;
    let running = fixture.push_image("a", "running", b"running").await;
    for tag in ["gone", "running"] {
        let path = format!("/v2/a/manifests/{tag}");
        assert_eq!(
            fixture.status(Method::DELETE, &path).await,
            StatusCode::ACCEPTED
        );
    }
    let artifact = fixture.registry.blobs().put("artifact").await.unwrap();
    fixture.registry.blobs().put("rubbish").await.unwrap();
    let keep = keep(&[running, artifact.digest]);
    assert_eq!(
        collect(&fixture, &keep, Duration::ZERO).await,
        Collection::default()
    );
    let collection = collect(&fixture, &keep, 2 * HOUR).await;
    assert_eq!((collection.manifests, collection.blobs), (1, 3));
    for (digest, expected) in [(kept, 200), (running, 200), (gone, 404)] {
        let path = format!("/v2/a/manifests/{digest}");
        assert_eq!(fixture.status(Method::GET, &path).await, expected);
    }
    for (content, expected) in [("kept", 200), ("running", 200), ("gone", 404), ("{}", 200)] {
        let path = format!("/v2/a/blobs/{}", Digest::of(content.as_bytes()));
        assert_eq!(
            fixture.status(Method::GET, &path).await,
            expected,
            "{content}"
        );
    }
    let blobs = fixture.registry.blobs();
    assert!(blobs.size(&artifact.digest).await.unwrap().is_some());
    assert_eq!(
        collect(&fixture, &keep, 2 * HOUR).await,
        Collection::default()
    );
}

#[tokio::test]
async fn a_blob_that_waits_for_its_manifest_stays() {
    let fixture = Fixture::new().await;
    let digest = fixture.push_blob("a", b"waiting").await;
    let path = format!("/v2/a/blobs/{digest}");
    collect(&fixture, &keep(&[]), HOUR / 2).await;
    assert_eq!(fixture.status(Method::GET, &path).await, StatusCode::OK);
    collect(&fixture, &keep(&[]), 2 * HOUR).await;
    assert_eq!(
        fixture.status(Method::GET, &path).await,
        StatusCode::NOT_FOUND
    );
}
