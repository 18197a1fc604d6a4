//! Images of our own registry and of others.

use serde_json::json;
use towpath_model::Digest;
use towpath_oci::image::this_platform;
use towpath_oci::manifest::media_type;
use towpath_oci::{Credentials, ImageError, ImageReference, Images, Sources, Tag};
use towpath_testkit::{RegistryServer, busybox_image};

use crate::fixture::{Fixture, descriptor, error};

fn images(fixture: &Fixture, sources: Sources) -> Images {
    Images::new(fixture.registry.clone(), sources)
}

fn reference(text: &str) -> ImageReference {
    text.parse().unwrap()
}

async fn busybox(fixture: &Fixture, repository: &str) -> Option<Digest> {
    let repository = repository.parse().unwrap();
    busybox_image(&fixture.registry, &repository, &[Tag::latest()]).await
}

#[tokio::test]
async fn our_own_images_are_read_directly() {
    let fixture = Fixture::new().await;
    let Some(digest) = busybox(&fixture, "mirror/library/busybox").await else {
        return;
    };
    let own = "own.example:1".parse().unwrap();
    let images = images(
        &fixture,
        Sources {
            own_hosts: [own].into(),
            ..Sources::default()
        },
    );
    let image = images
        .resolve(&reference("own.example:1/mirror/library/busybox"))
        .await
        .unwrap();
    assert_eq!((image.digest, image.layers.len()), (digest, 1));
    let missing = images
        .resolve(&reference("own.example:1/none"))
        .await
        .unwrap_err();
    assert!(matches!(missing, ImageError::NotFound { .. }), "{missing}");
}

#[tokio::test]
async fn a_digest_of_ours_is_ours_under_any_host() {
    let fixture = Fixture::new().await;
    let Some(digest) = busybox(&fixture, "hello").await else {
        return;
    };
    let images = images(&fixture, Sources::default());
    // Nobody listens on port 1.
    let asked = reference(&format!("127.0.0.1:1/hello@{digest}"));
    assert_eq!(images.resolve(&asked).await.unwrap().digest, digest);
    for elsewhere in [
        format!("127.0.0.1:1/other@{digest}"),
        format!("127.0.0.1:1/hello@{}", Digest::of(b"another")),
        "127.0.0.1:1/hello:latest".to_owned(),
    ] {
        let error = images.resolve(&reference(&elsewhere)).await.unwrap_err();
        assert!(!matches!(error, ImageError::NotFound { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_foreign_image_is_fetched_once_through_a_mirror() {
    let (there, here) = (Fixture::new().await, Fixture::new().await);
    let Some(digest) = busybox(&there, "mirror/library/busybox").await else {
        return;
    };
    let mirror = format!("docker.io=http://{}/mirror", there.server.host());
    let mirror: towpath_oci::Mirror = mirror.parse().unwrap();
    let images = images(
        &here,
        Sources {
            mirrors: [(mirror.of.clone(), mirror)].into(),
            ..Sources::default()
        },
    );
    let image = images.resolve(&reference("busybox")).await.unwrap();
    assert_eq!(image.digest, digest);
    let root = here.layers.unpacked(&image.layers[0]).await.unwrap();
    assert!(root.join("bin/busybox").is_file());
    let catalog = here.get("/v2/_catalog").await.text().await.unwrap();
    assert_eq!(catalog, r#"{"repositories":[]}"#);
    let missing = images
        .resolve(&reference("busybox:none"))
        .await
        .unwrap_err();
    assert!(matches!(missing, ImageError::NotFound { .. }), "{missing}");
    let missing = images.resolve(&reference("nothing")).await.unwrap_err();
    assert!(matches!(missing, ImageError::NotFound { .. }), "{missing}");
    // What is pinned does not need the other registry any more.
    drop(there);
    let pinned = format!("docker.io/library/busybox@{digest}");
    assert_eq!(images.resolve(&reference(&pinned)).await.unwrap(), image);
    let gone = images.resolve(&reference("busybox")).await.unwrap_err();
    assert!(matches!(gone, ImageError::Unreachable { .. }), "{gone}");
    assert!(gone.to_string().contains("check the network"), "{gone}");
}

#[tokio::test]
async fn the_platform_is_taken_out_of_an_index() {
    let (there, here) = (Fixture::new().await, Fixture::new().await);
    let Some(digest) = busybox(&there, "app").await else {
        return;
    };
    let other = there.push_image("app", "other", b"layer").await;
    let index = |architecture: &str| {
        let image = |digest: Digest, architecture: &str| {
            let mut entry = descriptor(media_type::OCI_MANIFEST, b"");
            entry["digest"] = json!(digest);
            entry["platform"] = json!({"os": "linux", "architecture": architecture});
            entry
        };
        json!({
            "schemaVersion": 2,
            "mediaType": media_type::OCI_INDEX,
            "manifests": [image(other, "s390x"), image(digest, architecture)],
        })
    };
    let push = |tag: &'static str, body: serde_json::Value| {
        let there = &there;
        async move {
            let path = format!("/v2/app/manifests/{tag}");
            let response = there
                .put_manifest(&path, media_type::OCI_INDEX, &body)
                .await;
            assert!(
                response.status().is_success(),
                "{:?}",
                error(response).await
            );
        }
    };
    push("all", index(&this_platform().architecture)).await;
    push("none", index("mips")).await;
    let images = images(&here, Sources::default());
    let name = |tag: &str| reference(&format!("{}/app:{tag}", there.server.host()));
    assert_eq!(images.resolve(&name("all")).await.unwrap().digest, digest);
    let missing = images.resolve(&name("none")).await.unwrap_err().to_string();
    assert!(missing.contains("linux/mips"), "{missing}");
}

#[tokio::test]
async fn an_image_of_another_platform_is_refused() {
    let fixture = Fixture::new().await;
    let config =
        r#"{"os":"linux","architecture":"s390x","rootfs":{"type":"layers","diff_ids":[]}}"#;
    fixture.push_blob("app", config.as_bytes()).await;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_MANIFEST,
        "config": descriptor(media_type::OCI_CONFIG, config.as_bytes()),
        "layers": [],
    });
    let put = fixture.put_manifest("/v2/app/manifests/t", media_type::OCI_MANIFEST, &manifest);
    assert!(put.await.status().is_success());
    let own = fixture.server.host().parse().unwrap();
    let images = images(
        &fixture,
        Sources {
            own_hosts: [own].into(),
            ..Sources::default()
        },
    );
    let name = reference(&format!("{}/app:t", fixture.server.host()));
    let refused = images.resolve(&name).await.unwrap_err().to_string();
    assert!(refused.contains("it has linux/s390x"), "{refused}");
}

#[tokio::test]
async fn a_registry_that_asks_for_a_password_gets_it() {
    let (there, here) = (Fixture::new().await, Fixture::new().await);
    let Some(digest) = busybox(&there, "app").await else {
        return;
    };
    // `user:secret` in base64.
    let guarded = RegistryServer::start_guarded(there.registry.clone(), "Basic dXNlcjpzZWNyZXQ=");
    let guarded = guarded.await;
    let name = reference(&format!("{}/app", guarded.host()));
    let refused = images(&here, Sources::default())
        .resolve(&name)
        .await
        .unwrap_err();
    assert!(
        matches!(refused, ImageError::Unauthorised { .. }),
        "{refused}"
    );
    let credentials = Credentials {
        user: "user".to_owned(),
        password: "secret".to_owned(),
    };
    assert!(!format!("{credentials:?}").contains("secret"));
    let sources = Sources {
        credentials: [(name.host().clone(), credentials)].into(),
        ..Sources::default()
    };
    let image = images(&here, sources).resolve(&name).await.unwrap();
    assert_eq!(image.digest, digest);
}
