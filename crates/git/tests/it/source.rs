use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use towpath_archive::{Limits, zip};
use towpath_git::GitError;

use crate::fixture::{Fixture, now, project};

#[tokio::test(flavor = "multi_thread")]
async fn a_commits_tree_becomes_a_zip_as_it_is() {
    let server = Fixture::new().await;
    let copy = server.working_copy("copy").await;
    copy.write("run.sh", "#!/bin/sh\n");
    fs::set_permissions(copy.path.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    copy.write("dir/ä b", "text");
    copy.write("secret", "kept");
    copy.write("big", vec![7; 20 << 20]);
    copy.write(
        ".gitattributes",
        "secret export-ignore\nsubst export-subst\n",
    );
    copy.write("subst", "$Format:%H$");
    symlink("dir/ä b", copy.path.join("link")).unwrap();
    copy.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{},sub", "1".repeat(40)),
    ])
    .await;
    copy.git(&[
        "add",
        "--",
        "run.sh",
        "dir",
        "secret",
        "big",
        ".gitattributes",
        "subst",
        "link",
    ])
    .await;
    copy.git(&["commit", "--quiet", "--message=first"]).await;
    let commit = copy.head().await;
    copy.git(&["push", "--quiet", "origin", "main"]).await;

    let artifact = server
        .repositories
        .source(&project(), &commit, now())
        .await
        .unwrap();
    let file = server.blobs.file(&artifact.digest).await.unwrap();
    assert_eq!(fs::metadata(&file).unwrap().len(), artifact.size);
    let out = server.dir.path().join("out");
    zip::unpack(&file, &out, &Limits::default()).unwrap();
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    assert_eq!(read("dir/ä b"), "text");
    assert_eq!(read("link"), "text");
    assert_eq!(
        fs::read_link(out.join("link")).unwrap(),
        std::path::Path::new("dir/ä b")
    );
    assert_eq!(read("secret"), "kept");
    assert_eq!(read("subst"), "$Format:%H$");
    assert_eq!(fs::metadata(out.join("big")).unwrap().len(), 20 << 20);
    let mode = |name: &str| fs::metadata(out.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("run.sh"), mode("secret")), (0o755, 0o644));
    assert!(out.join("sub").is_dir());
    let submodules = server
        .repositories
        .submodules(&project(), &commit)
        .await
        .unwrap();
    assert_eq!(submodules, ["sub".parse().unwrap()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_commit_gives_the_same_digest_and_is_made_once() {
    let server = Fixture::new().await;
    let (_, commit) = server.pushed(&[("a", "1"), ("b/c", "2")]).await;
    let source = async || {
        server
            .repositories
            .source(&project(), &commit, now())
            .await
            .unwrap()
    };
    let (first, meanwhile) = tokio::join!(source(), source());
    assert_eq!(first, meanwhile);
    let file = server.blobs.file(&first.digest).await.unwrap();
    let written = fs::metadata(&file).unwrap().modified().unwrap();
    assert_eq!(source().await, first);
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written);

    // A row whose blob is gone is not believed.
    server.blobs.delete(&first.digest).await.unwrap();
    assert_eq!(source().await, first);
    assert!(file.exists());

    let other = Fixture::new().await;
    let (_, same) = other.pushed(&[("a", "1"), ("b/c", "2")]).await;
    assert_eq!(same, commit);
    assert_eq!(
        other
            .repositories
            .source(&project(), &commit, now())
            .await
            .unwrap(),
        first
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_commit_is_an_empty_zip_and_an_unknown_one_an_error() {
    let server = Fixture::new().await;
    let (_, commit) = server.pushed(&[]).await;
    let artifact = server
        .repositories
        .source(&project(), &commit, now())
        .await
        .unwrap();
    let file = server.blobs.file(&artifact.digest).await.unwrap();
    let unpacked = zip::unpack(&file, &server.dir.path().join("out"), &Limits::default()).unwrap();
    assert_eq!(unpacked.files, 0);
    let unknown = "1".repeat(40).parse().unwrap();
    let missing = server
        .repositories
        .source(&project(), &unknown, now())
        .await;
    assert!(matches!(missing, Err(GitError::NoCommit(_))), "{missing:?}");
}
