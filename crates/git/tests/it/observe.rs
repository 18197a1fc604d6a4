use std::fs;
use std::time::{Duration, SystemTime};

use towpath_git::GitError;

use crate::fixture::{Fixture, main_branch, now, project, show};

#[tokio::test(flavor = "multi_thread")]
async fn the_tick_finds_refs_that_moved_behind_the_servers_back() {
    let server = Fixture::new().await;
    let (copy, first) = server.pushed(&[("a", "1")]).await;
    let path = server.repositories.path(&project()).display().to_string();
    let second = copy.commit("second").await;
    copy.git(&["push", "--quiet", &path, "main", "main:new"])
        .await;
    let observed = server.repositories.observe_all(now()).await.unwrap();
    let [(name, updates)] = &observed[..] else {
        panic!("{observed:?}")
    };
    assert_eq!(name, &project());
    let shown: Vec<_> = updates.as_ref().unwrap().iter().map(show).collect();
    let (first, second) = (first.short(), second.short());
    let moved = format!("refs/heads/main {first} {second} 2");
    assert_eq!(shown, [moved, format!("refs/heads/new - {second} 1")]);
    assert_eq!(server.events().await.len(), 3);

    let again = server.repositories.observe_all(now()).await.unwrap();
    assert!(again[0].1.as_ref().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_count_as_their_commits_and_other_objects_do_not_count() {
    let server = Fixture::new().await;
    let (_, commit) = server.pushed(&[("a", "1")]).await;
    server
        .bare_git(&["tag", "--annotate", "--message=1", "one", "main"])
        .await;
    server
        .bare_git(&["tag", "--annotate", "--message=2", "two", "one"])
        .await;
    server.bare_git(&["tag", "tree", "main^{tree}"]).await;
    let refs = server.repositories.refs(&project()).await.unwrap();
    let shown: Vec<_> = refs.iter().map(|(name, id)| (name.as_str(), id)).collect();
    let expected = [
        ("refs/heads/main", &commit),
        ("refs/tags/one", &commit),
        ("refs/tags/two", &commit),
    ];
    assert_eq!(shown, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn refs_resolve_to_commits() {
    let server = Fixture::new().await;
    let (_, commit) = server.pushed(&[("a", "1")]).await;
    let resolve = async |name: &str| {
        server
            .repositories
            .resolve(&project(), &name.parse().unwrap())
            .await
            .unwrap()
    };
    assert_eq!(resolve("refs/heads/main").await, Some(commit));
    assert_eq!(resolve("refs/heads/none").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn simultaneous_observations_see_each_move_once() {
    let server = Fixture::new().await;
    let (_, _) = server.pushed(&[("a", "1")]).await;
    server.bare_git(&["branch", "other", "main"]).await;
    let observe = async || server.repositories.observe(&project(), now()).await;
    let (a, b, c) = tokio::join!(observe(), observe(), observe());
    assert_eq!(a.unwrap().len() + b.unwrap().len() + c.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_of_a_killed_git_are_removed_when_they_are_old() {
    let server = Fixture::new().await;
    let (copy, _) = server.pushed(&[("a", "1")]).await;
    let repository = server.repositories.path(&project());
    let (old, young) = (
        repository.join("refs/heads/main.lock"),
        repository.join("packed-refs.lock"),
    );
    fs::write(&young, "").unwrap();
    let file = fs::File::create(&old).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(120))
        .unwrap();
    copy.commit("second").await;
    assert!(
        !copy
            .try_git(&["push", "origin", "main"])
            .await
            .status
            .success()
    );

    server.repositories.observe_all(now()).await.unwrap();
    assert!(!old.exists() && young.exists());
    fs::remove_file(&young).unwrap();
    copy.git(&["push", "--quiet", "origin", "main"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_a_push_that_never_ended_are_removed() {
    let server = Fixture::new().await;
    let objects = server.repositories.path(&project()).join("objects");
    let [old, young] =
        ["tmp_objdir-incoming-old", "tmp_objdir-incoming-young"].map(|n| objects.join(n));
    for folder in [&old, &young] {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("tmp_pack_1"), "x").unwrap();
    }
    let two_days_ago = SystemTime::now() - Duration::from_secs(48 * 3600);
    fs::File::open(&old)
        .unwrap()
        .set_modified(two_days_ago)
        .unwrap();
    server.repositories.observe_all(now()).await.unwrap();
    assert!(!old.exists() && young.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_repository_is_an_error_and_stops_no_other() {
    let server = Fixture::new().await;
    let repository = server.repositories.path(&project());
    let unknown = "1".repeat(40);
    fs::write(repository.join("refs/heads/main"), format!("{unknown}\n")).unwrap();
    let observed = server.repositories.observe_all(now()).await.unwrap();
    assert!(
        matches!(&observed[0].1, Err(GitError::Failed { .. })),
        "{observed:?}"
    );
    assert!(
        server
            .repositories
            .resolve(&project(), &main_branch())
            .await
            .is_err()
    );
}
