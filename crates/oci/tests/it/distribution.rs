//! The distribution specification: pulling, pushing manifests, listing, deleting.

use http::{Method, StatusCode};
use serde_json::json;
use towpath_model::Digest;
use towpath_oci::manifest::media_type;

use crate::fixture::{Fixture, descriptor, error, header, image_manifest};

#[tokio::test]
async fn the_base_answers() {
    let fixture = Fixture::new().await;
    let response = fixture.get("/v2/").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        header(&response, "docker-distribution-api-version"),
        "registry/2.0"
    );
}

#[tokio::test]
async fn a_blob_is_read_whole_and_in_parts() {
    let fixture = Fixture::new().await;
    let digest = fixture.push_blob("a/b", b"0123456789").await;
    let path = format!("/v2/a/b/blobs/{digest}");
    let head = fixture.send(Method::HEAD, &path).await;
    assert_eq!(header(&head, "content-length"), "10");
    assert_eq!(header(&head, "docker-content-digest"), digest.to_string());
    assert_eq!(
        fixture.get(&path).await.bytes().await.unwrap(),
        "0123456789"
    );
    let part = fixture
        .request(Method::GET, &path)
        .header("range", "bytes=2-4");
    let part = part.send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(header(&part, "content-range"), "bytes 2-4/10");
    assert_eq!(part.bytes().await.unwrap(), "234");
    let beyond = fixture
        .request(Method::GET, &path)
        .header("range", "bytes=10-");
    let beyond = beyond.send().await.unwrap();
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(header(&beyond, "content-range"), "bytes */10");
}

#[tokio::test]
async fn a_blob_of_one_repository_is_not_in_another_until_it_is_mounted() {
    let fixture = Fixture::new().await;
    let digest = fixture.push_blob("one", b"x").await;
    let path = format!("/v2/two/blobs/{digest}");
    let answer = error(fixture.get(&path).await).await;
    assert_eq!(answer, (StatusCode::NOT_FOUND, "BLOB_UNKNOWN".to_owned()));
    let mount = |from: &str| format!("/v2/two/blobs/uploads/?mount={digest}&from={from}");
    assert_eq!(
        fixture.status(Method::POST, &mount("no")).await,
        StatusCode::ACCEPTED
    );
    assert_eq!(
        fixture.status(Method::POST, &mount("one")).await,
        StatusCode::CREATED
    );
    assert_eq!(fixture.status(Method::GET, &path).await, StatusCode::OK);
}

#[tokio::test]
async fn a_manifest_needs_its_parts() {
    let fixture = Fixture::new().await;
    let manifest = image_manifest(b"{}", b"layer");
    let put = || fixture.put_manifest("/v2/a/manifests/t", media_type::OCI_MANIFEST, &manifest);
    let unknown = (StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN".to_owned());
    assert_eq!(error(put().await).await, unknown);
    fixture.push_blob("a", b"{}").await;
    fixture.push_blob("other", b"layer").await;
    assert_eq!(error(put().await).await, unknown);
    fixture.push_blob("a", b"layer").await;
    let created = put().await;
    assert_eq!(created.status(), StatusCode::CREATED);
    let digest = Digest::of(manifest.to_string().as_bytes()).to_string();
    assert_eq!(header(&created, "docker-content-digest"), digest);
    for reference in ["t", &digest] {
        let pulled = fixture.get(&format!("/v2/a/manifests/{reference}")).await;
        assert_eq!(header(&pulled, "content-type"), media_type::OCI_MANIFEST);
        assert_eq!(pulled.text().await.unwrap(), manifest.to_string());
    }
}

#[tokio::test]
async fn a_manifest_that_is_none_is_refused() {
    let fixture = Fixture::new().await;
    fixture.push_blob("a", b"{}").await;
    fixture.push_blob("a", b"layer").await;
    let good = image_manifest(b"{}", b"layer");
    let mut wrong_size = good.clone();
    wrong_size["layers"][0]["size"] = json!(6);
    let other = format!("/v2/a/manifests/{}", Digest::of(b"other"));
    let (image, index) = (media_type::OCI_MANIFEST, media_type::OCI_INDEX);
    let cases = [
        ("/v2/a/manifests/t", image, json!({}), "MANIFEST_INVALID"),
        ("/v2/a/manifests/t", index, good.clone(), "MANIFEST_INVALID"),
        (
            "/v2/a/manifests/t",
            "text/plain",
            json!({}),
            "MANIFEST_INVALID",
        ),
        ("/v2/a/manifests/t", image, wrong_size, "SIZE_INVALID"),
        (&other, image, good, "DIGEST_INVALID"),
    ];
    for (path, kind, body, code) in cases {
        let answer = error(fixture.put_manifest(path, kind, &body).await).await;
        assert_eq!(answer, (StatusCode::BAD_REQUEST, code.to_owned()), "{body}");
    }
    let large = fixture
        .request(Method::PUT, "/v2/a/manifests/t")
        .body(vec![b' '; 5 << 20]);
    let (status, _) = error(large.send().await.unwrap()).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        fixture.status(Method::GET, "/v2/a/manifests/t").await,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_index_needs_its_images() {
    let fixture = Fixture::new().await;
    let manifest = image_manifest(b"{}", b"layer");
    let index = json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_INDEX,
        "manifests": [descriptor(media_type::OCI_MANIFEST, manifest.to_string().as_bytes())],
    });
    let put = || fixture.put_manifest("/v2/a/manifests/all", media_type::OCI_INDEX, &index);
    assert_eq!(put().await.status(), StatusCode::BAD_REQUEST);
    fixture.push_image("a", "one", b"layer").await;
    assert_eq!(put().await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn tags_and_repositories_are_listed_in_pages() {
    let fixture = Fixture::new().await;
    for tag in ["c", "a", "b"] {
        fixture.push_image("deep/name", tag, tag.as_bytes()).await;
    }
    fixture.push_image("other", "t", b"t").await;
    let first = fixture.get("/v2/deep/name/tags/list?n=2").await;
    let next = "</v2/deep/name/tags/list?n=2&last=b>; rel=\"next\"";
    assert_eq!(header(&first, "link"), next);
    let path = "/v2/deep/name/tags/list?n=2";
    let page = fixture.get_json(path).await;
    assert_eq!(page, json!({"name": "deep/name", "tags": ["a", "b"]}));
    let rest = fixture.get("/v2/deep/name/tags/list?n=2&last=b").await;
    assert_eq!(header(&rest, "link"), "");
    let rest = fixture.get_json("/v2/deep/name/tags/list?n=2&last=b").await;
    assert_eq!(rest["tags"], json!(["c"]));
    let catalog = fixture.get_json("/v2/_catalog").await;
    assert_eq!(catalog, json!({"repositories": ["deep/name", "other"]}));
    let (status, code) = error(fixture.get("/v2/none/tags/list").await).await;
    assert_eq!(
        (status, code.as_str()),
        (StatusCode::NOT_FOUND, "NAME_UNKNOWN")
    );
    let bad = fixture.status(Method::GET, "/v2/other/tags/list?n=x").await;
    assert_eq!(bad, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn referrers_are_found_by_their_subject() {
    let fixture = Fixture::new().await;
    let subject = fixture.push_image("a", "t", b"layer").await;
    let mut signature = image_manifest(b"{}", b"layer");
    signature["artifactType"] = json!("application/signature");
    signature["subject"] = json!({
        "mediaType": media_type::OCI_MANIFEST, "digest": subject, "size": 1,
    });
    let digest = Digest::of(signature.to_string().as_bytes());
    let path = format!("/v2/a/manifests/{digest}");
    let pushed = fixture
        .put_manifest(&path, media_type::OCI_MANIFEST, &signature)
        .await;
    assert_eq!(header(&pushed, "oci-subject"), subject.to_string());
    let list = |filter: &str| fixture.get_json(format!("/v2/a/referrers/{subject}{filter}"));
    let all = list("").await;
    assert_eq!(all["manifests"][0]["digest"], json!(digest));
    assert_eq!(
        all["manifests"][0]["artifactType"],
        json!("application/signature")
    );
    assert_eq!(
        list("?artifactType=application/sbom").await["manifests"],
        json!([])
    );
}

#[tokio::test]
async fn manifests_tags_and_blobs_are_deleted() {
    let fixture = Fixture::new().await;
    let digest = fixture.push_image("a", "one", b"layer").await;
    fixture.push_image("a", "two", b"layer").await;
    let tag = "/v2/a/manifests/one";
    assert_eq!(
        fixture.status(Method::DELETE, tag).await,
        StatusCode::ACCEPTED
    );
    assert_eq!(
        fixture.status(Method::DELETE, tag).await,
        StatusCode::NOT_FOUND
    );
    let manifest = format!("/v2/a/manifests/{digest}");
    assert_eq!(fixture.status(Method::GET, &manifest).await, StatusCode::OK);
    assert_eq!(
        fixture.status(Method::DELETE, &manifest).await,
        StatusCode::ACCEPTED
    );
    let two = fixture.status(Method::GET, "/v2/a/manifests/two").await;
    assert_eq!(two, StatusCode::NOT_FOUND);
    let blob = format!("/v2/a/blobs/{}", Digest::of(b"layer"));
    assert_eq!(
        fixture.status(Method::DELETE, &blob).await,
        StatusCode::ACCEPTED
    );
    assert_eq!(
        fixture.status(Method::GET, &blob).await,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn what_a_client_gets_wrong_has_a_code() {
    let fixture = Fixture::new().await;
    let cases = [
        (Method::GET, "/v2/A/tags/list", 400, "NAME_INVALID"),
        (Method::GET, "/v2/a/blobs/sha256:0", 400, "DIGEST_INVALID"),
        (Method::GET, "/v2/a/manifests/none", 404, "MANIFEST_UNKNOWN"),
        (
            Method::GET,
            "/v2/a/blobs/uploads/x",
            404,
            "BLOB_UPLOAD_UNKNOWN",
        ),
        (Method::POST, "/v2/a/manifests/t", 405, "UNSUPPORTED"),
        (Method::GET, "/v2/a", 404, "UNSUPPORTED"),
    ];
    for (method, path, status, code) in cases {
        let answer = error(fixture.send(method, path).await).await;
        assert_eq!(
            (answer.0.as_u16(), answer.1.as_str()),
            (status, code),
            "{path}"
        );
    }
}
