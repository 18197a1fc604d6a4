use std::time::Duration;

use towpath_git::{Access, GitError, Options};
use towpath_model::{CommitId, Provider, RemoteUrl, Timestamp};
use towpath_store::{Credential, NewRemote, RemoteSecrets};

use crate::fixture::{Fixture, main_branch, now, project};

fn access(url: &str) -> Access {
    Access {
        url: RemoteUrl::read(url).unwrap(),
        provider: Provider::Generic,
        username: None,
        credential: Credential::None,
        known_hosts: None,
    }
}

/// A server whose project follows another server's.
async fn follower() -> Fixture {
    let fixture = Fixture::without_project(Options::default()).await;
    fixture.add_project().await;
    fixture
        .repositories
        .create(&project(), &main_branch())
        .await
        .unwrap();
    fixture
}

#[tokio::test]
async fn a_mirror_follows_pushes_force_pushes_and_deletions() {
    let origin = Fixture::new().await;
    let (copy, first) = origin.pushed(&[("a", "1")]).await;
    copy.git(&["push", "--quiet", "origin", "main:refs/heads/other"])
        .await;
    let follower = follower().await;
    let access = access(&origin.url());
    let mirror = || async {
        let mirrored = follower
            .repositories
            .mirror(&project(), &access, now())
            .await
            .unwrap();
        let moved = mirrored.updates.into_iter();
        moved
            .map(|update| (update.ref_name.to_string(), update.new))
            .collect::<Vec<(String, Option<CommitId>)>>()
    };
    let both = [
        ("refs/heads/main".to_owned(), Some(first.clone())),
        ("refs/heads/other".to_owned(), Some(first)),
    ];
    assert_eq!(mirror().await, both);
    assert!(mirror().await.is_empty(), "nothing has moved");
    copy.git(&["commit", "--quiet", "--amend", "-m", "another"])
        .await;
    copy.git(&[
        "push",
        "--quiet",
        "--force",
        "origin",
        "main",
        ":refs/heads/other",
    ])
    .await;
    let moved = mirror().await;
    assert_eq!(moved.len(), 2, "{moved:?}");
    assert_eq!(moved[1], ("refs/heads/other".to_owned(), None));
}

#[tokio::test]
async fn a_remote_that_is_not_there_is_said_to_be() {
    let follower = follower().await;
    let fetch = |url: String| {
        let follower = &follower;
        async move {
            let mirrored = follower
                .repositories
                .mirror(&project(), &access(&url), now())
                .await;
            match mirrored {
                Err(GitError::Remote(why)) => why,
                other => panic!("{other:?}"),
            }
        }
    };
    let other = Fixture::without_project(Options::default()).await;
    let missing = fetch(other.url()).await;
    assert!(missing.contains("there is no repository at"), "{missing}");
    drop(other);
    let gone = fetch("http://127.0.0.1:1/x".to_owned()).await;
    assert!(gone.contains("127.0.0.1 cannot be reached"), "{gone}");
}

#[tokio::test]
async fn a_project_that_follows_a_remote_takes_no_pushes() {
    let fixture = Fixture::new().await;
    let (copy, _) = fixture.pushed(&[("a", "1")]).await;
    let remote = NewRemote {
        url: "https://git.example/acme/hello".parse().unwrap(),
        provider: Provider::Generic,
        username: None,
        known_hosts: None,
        poll: Some(Duration::from_secs(60)),
        hook_wanted: false,
        sns_topic: None,
        secrets: RemoteSecrets::default(),
    };
    fixture
        .store
        .set_remote(&project(), &remote, Timestamp(1))
        .await
        .unwrap();
    copy.write("a", "2");
    copy.commit("second").await;
    let push = copy.try_git(&["push", "origin", "main"]).await;
    let said = String::from_utf8_lossy(&push.stderr).into_owned();
    assert!(!push.status.success(), "{said}");
    let expected = "hello follows https://git.example/acme/hello: push there";
    assert!(said.contains(expected), "{said}");
    copy.git(&["fetch", "--quiet", "origin"]).await;
}
