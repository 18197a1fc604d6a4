use towpath_git::{EntryMode, GitError};
use towpath_model::{CommitId, Timestamp};

use crate::fixture::{Fixture, project};

fn unknown() -> CommitId {
    "1".repeat(40).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_described() {
    let server = Fixture::new().await;
    let (copy, first) = server.pushed(&[("a", "1")]).await;
    let info = server
        .repositories
        .commit_info(&project(), &first)
        .await
        .unwrap();
    assert_eq!(
        (&*info.title, &*info.author_name, &*info.author_email),
        ("first", "Ada", "ada@example.com")
    );
    assert_eq!(info.at, Timestamp(1_700_000_001_000));

    let long = copy
        .commit(&format!("{} ende\n\nbody", "ä".repeat(500)))
        .await;
    copy.git(&["push", "--quiet", "origin", "main"]).await;
    let info = server
        .repositories
        .commit_info(&project(), &long)
        .await
        .unwrap();
    assert_eq!(info.title, "ä".repeat(200));

    let missing = server
        .repositories
        .commit_info(&project(), &unknown())
        .await;
    assert!(matches!(missing, Err(GitError::NoCommit(_))), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_commit_are_listed_and_read() {
    let server = Fixture::new().await;
    let copy = server.working_copy("copy").await;
    copy.write("buildspec.yml", "version: 0.2\n");
    copy.write("dir/ä b", "x");
    std::os::unix::fs::symlink("../buildspec.yml", copy.path.join("dir/link")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", copy.path.join("out")).unwrap();
    std::os::unix::fs::symlink("nothing", copy.path.join("dangling")).unwrap();
    let commit = copy.commit("first").await;
    copy.git(&["push", "--quiet", "origin", "main"]).await;

    let files = server
        .repositories
        .list_files(&project(), &commit)
        .await
        .unwrap();
    let shown: Vec<_> = files
        .iter()
        .map(|file| (file.path.to_string(), file.mode))
        .collect();
    let expected = [
        ("buildspec.yml", EntryMode::File),
        ("dangling", EntryMode::Link),
        ("dir/link", EntryMode::Link),
        ("dir/ä b", EntryMode::File),
        ("out", EntryMode::Link),
    ];
    assert_eq!(shown, expected.map(|(path, mode)| (path.to_owned(), mode)));

    let read = async |path: &str, limit| {
        server
            .repositories
            .read_file(&project(), &commit, &path.parse().unwrap(), limit)
            .await
    };
    assert_eq!(
        read("buildspec.yml", 13).await.unwrap().unwrap(),
        b"version: 0.2\n"
    );
    assert_eq!(
        read("dir/link", 13).await.unwrap().unwrap(),
        b"version: 0.2\n"
    );
    assert_eq!(read("dir/ä b", 13).await.unwrap().unwrap(), b"x");
    assert_eq!(read("missing", 13).await.unwrap(), None);
    assert_eq!(read("dangling", 13).await.unwrap(), None);
    assert!(matches!(
        read("buildspec.yml", 12).await,
        Err(GitError::FileTooLarge { .. })
    ));
    assert!(matches!(
        read("dir", 12).await,
        Err(GitError::NotAFile { .. })
    ));
    assert!(matches!(
        read("out", 12).await,
        Err(GitError::NotAFile { .. })
    ));

    let missing = server.repositories.list_files(&project(), &unknown()).await;
    assert!(matches!(missing, Err(GitError::NoCommit(_))), "{missing:?}");
}
