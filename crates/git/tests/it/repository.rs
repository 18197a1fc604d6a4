use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use towpath_git::{GitError, Options, Repositories};

use crate::fixture::{Fixture, main_branch, now, project};

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_made_once_and_removed() {
    let server = Fixture::new().await;
    let repositories = &server.repositories;
    assert!(repositories.exists(&project()));
    let again = repositories.create(&project(), &main_branch()).await;
    assert!(matches!(again, Err(GitError::Exists(_))), "{again:?}");
    repositories.delete(&project()).await.unwrap();
    assert!(!repositories.exists(&project()));
    repositories.delete(&project()).await.unwrap();
    let missing = repositories.observe(&project(), now()).await;
    assert!(
        matches!(missing, Err(GitError::NoRepository(_))),
        "{missing:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_make_it_one_succeeds() {
    let server = Fixture::without_project(Options::default()).await;
    let (project, main) = (project(), main_branch());
    let create = || server.repositories.create(&project, &main);
    let (a, b) = tokio::join!(create(), create());
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    let entries = fs::read_dir(server.dir.path().join("repos")).unwrap();
    let mut names: Vec<_> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, [".home", "hello.git"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_server_was_making_is_removed() {
    let server = Fixture::new().await;
    let root = server.dir.path().join("repos");
    fs::create_dir_all(root.join(".unfinished-x/refs")).unwrap();
    let (store, blobs) = (server.store.clone(), server.blobs.clone());
    let reopened = Repositories::open(root.clone(), store, blobs, Options::default())
        .await
        .unwrap();
    assert!(!root.join(".unfinished-x").exists());
    assert!(reopened.exists(&project()));
}

/// What opening says when this is where git is looked for.
async fn refusal(search_path: &Path) -> String {
    let server = Fixture::new().await;
    let options = Options {
        search_path: search_path.into(),
        ..Options::default()
    };
    let (store, blobs) = (server.store.clone(), server.blobs.clone());
    let result = Repositories::open(server.dir.path().join("r"), store, blobs, options).await;
    match result {
        Ok(_) => panic!("git was found"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_git_the_error_says_so() {
    let error = refusal(Path::new("/nonexistent")).await;
    assert!(error.contains("install git"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_git_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let git = folder.path().join("git");
    fs::write(&git, "#!/bin/sh\necho git version 2.30.2\n").unwrap();
    fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).unwrap();
    let error = refusal(folder.path()).await;
    assert!(error.contains("it is version 2.30;"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_are_not_run() {
    let server = Fixture::new().await;
    let hooks = server.repositories.path(&project()).join("hooks");
    fs::create_dir(&hooks).unwrap();
    for hook in ["pre-receive", "update"] {
        fs::write(hooks.join(hook), "#!/bin/sh\nexit 1\n").unwrap();
        fs::set_permissions(hooks.join(hook), fs::Permissions::from_mode(0o755)).unwrap();
    }
    server.pushed(&[("a", "1")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repacking_keeps_what_refs_need() {
    let server = Fixture::new().await;
    let (_, commit) = server.pushed(&[("a", "1")]).await;
    server.repositories.repack(&project()).await.unwrap();
    assert_eq!(server.clone_to("clone", &[]).await.head().await, commit);
}
