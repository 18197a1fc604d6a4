//! What other people's clients do.

use std::path::Path;

use serde_json::json;
use tokio::process::Command;
use towpath_model::{Digest, Timestamp};
use towpath_oci::image::{ImageConfigurationBuilder, RootFsBuilder, this_platform};
use towpath_oci::layer::{Entry, EntryKind, EntryPath, Source};
use towpath_oci::manifest::media_type;
use towpath_oci::{Tag, Version};
use towpath_testkit::{busybox_image, require};

use crate::fixture::Fixture;

async fn skopeo(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .await
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "skopeo {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

async fn copy(program: &Path, from: &str, to: &str) {
    let tls = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    skopeo(
        program,
        &[
            "--insecure-policy",
            "copy",
            tls[0],
            tls[1],
            "--all",
            from,
            to,
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_goes_out_and_comes_back_the_same() {
    let Some(program) = require("skopeo") else {
        return;
    };
    let fixture = Fixture::new().await;
    let repository = "library/busybox".parse().unwrap();
    let tags = [Tag::latest()];
    let Some(digest) = busybox_image(&fixture.registry, &repository, &tags).await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let oci = format!("oci:{}:x", folder.path().join("oci").display());
    copy(&program, &fixture.reference("library/busybox:latest"), &oci).await;
    copy(&program, &oci, &fixture.reference("other/deep/name:1")).await;
    let other = "other/deep/name".parse().unwrap();
    let tag = "1".parse().unwrap();
    assert_eq!(
        fixture.registry.digest(&other, &tag).await.unwrap(),
        Some(digest)
    );
    let image = fixture.registry.image(&other, &Version::Tag(tag)).await;
    assert_eq!(image.unwrap().unwrap().digest, digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn docker_archives_can_be_pushed() {
    let Some(program) = require("skopeo") else {
        return;
    };
    let fixture = Fixture::new().await;
    let repository = "base".parse().unwrap();
    let tags = [Tag::latest()];
    if busybox_image(&fixture.registry, &repository, &tags)
        .await
        .is_none()
    {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let archive = format!("docker-archive:{}", folder.path().join("a.tar").display());
    let source = fixture.reference("base:latest");
    skopeo(
        &program,
        &[
            "--insecure-policy",
            "copy",
            "--src-tls-verify=false",
            &source,
            &format!("{archive}:a:b"),
        ],
    )
    .await;
    skopeo(
        &program,
        &[
            "--insecure-policy",
            "copy",
            "--dest-tls-verify=false",
            &archive,
            &fixture.reference("from-archive:1"),
        ],
    )
    .await;
    let name = "from-archive".parse().unwrap();
    let image = fixture
        .registry
        .image(&name, &Version::Tag("1".parse().unwrap()))
        .await;
    let image = image.unwrap().unwrap();
    let root = fixture.layers.unpacked(&image.layers[0]).await.unwrap();
    assert!(root.join("bin/sh").is_symlink());
    let inspected = skopeo(
        &program,
        &[
            "inspect",
            "--tls-verify=false",
            &fixture.reference("from-archive:1"),
        ],
    )
    .await;
    assert!(inspected.contains("\"Architecture\""), "{inspected}");
    skopeo(
        &program,
        &[
            "delete",
            "--tls-verify=false",
            &fixture.reference("from-archive:1"),
        ],
    )
    .await;
    assert!(
        fixture
            .registry
            .digest(&name, &"1".parse().unwrap())
            .await
            .unwrap()
            .is_none()
    );
}

/// An image that nobody here can run, but whose platform can be chosen.
async fn image_for(fixture: &Fixture, architecture: &str) -> Digest {
    let entry = Entry::new(
        EntryPath::new("file").unwrap(),
        EntryKind::File(Source::Bytes(architecture.into())),
        0o644,
    );
    let blobs = fixture.registry.blobs();
    let layer = towpath_oci::layer::write(blobs, vec![entry], Timestamp(0))
        .await
        .unwrap();
    let root = RootFsBuilder::default()
        .typ("layers")
        .diff_ids(vec![layer.diff_id.to_string()])
        .build()
        .unwrap();
    let config = ImageConfigurationBuilder::default()
        .architecture(architecture)
        .os("linux")
        .rootfs(root)
        .build()
        .unwrap();
    let repository = "many".parse().unwrap();
    let digest = fixture
        .registry
        .put_image(&repository, &config, &[layer], &[])
        .await;
    digest.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_copied_with_all_its_images() {
    let Some(program) = require("skopeo") else {
        return;
    };
    let fixture = Fixture::new().await;
    let mut entries = Vec::new();
    for architecture in [this_platform().architecture.as_str(), "s390x"] {
        let digest = image_for(&fixture, architecture).await;
        let path = format!("/v2/many/manifests/{digest}");
        let size = fixture.get(&path).await.bytes().await.unwrap().len();
        entries.push(json!({
            "mediaType": media_type::OCI_MANIFEST,
            "digest": digest,
            "size": size,
            "platform": {"os": "linux", "architecture": architecture},
        }));
    }
    let index = json!({
        "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": entries,
    });
    let put = fixture.put_manifest("/v2/many/manifests/all", media_type::OCI_INDEX, &index);
    assert!(put.await.status().is_success());
    copy(
        &program,
        &fixture.reference("many:all"),
        &fixture.reference("copy:all"),
    )
    .await;
    let copied = "copy".parse().unwrap();
    let tag: Tag = "all".parse().unwrap();
    let expected = Digest::of(index.to_string().as_bytes());
    assert_eq!(
        fixture.registry.digest(&copied, &tag).await.unwrap(),
        Some(expected)
    );
    let image = fixture
        .registry
        .image(&copied, &Version::Tag(tag))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(image.digest.to_string(), entries[0]["digest"]);
}
