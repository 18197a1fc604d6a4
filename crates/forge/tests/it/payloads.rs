use http::{HeaderMap, HeaderName};
use towpath_forge::{Delivery, Notice, read};
use towpath_model::Provider;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, value.parse().unwrap())
    };
    pairs.iter().map(pair).collect()
}

/// `id | event | repository | default branch | what moved`
fn shown(delivery: &Delivery) -> String {
    let moved = match &delivery.notice {
        Notice::Push(changes) => {
            let change = changes.iter().map(|change| {
                let new = change.new.as_ref().map_or("gone", |commit| commit.short());
                format!("{}={new}", change.name)
            });
            change.collect::<Vec<_>>().join(" ")
        }
        other => format!("{other:?}"),
    };
    let repository = delivery.repository.as_ref().map_or("-", |key| key.as_str());
    let branch = delivery.default_branch.as_deref().unwrap_or("-");
    format!(
        "{} | {} | {repository} | {branch} | {moved}",
        delivery.id, delivery.event
    )
}

#[track_caller]
fn check(provider: Provider, pairs: &[(&str, &str)], body: &str, expected: &str) {
    let delivery = read(provider, &headers(pairs), body.as_bytes()).unwrap();
    assert_eq!(shown(&delivery), expected);
}

#[test]
fn github() {
    let headers = [
        ("X-GitHub-Event", "push"),
        ("X-GitHub-Delivery", "72d3162e-cc78"),
    ];
    check(
        Provider::Github,
        &headers,
        include_str!("../fixtures/github-push.json"),
        "72d3162e-cc78 | push | github.com/codertocat/hello-world | master | refs/tags/simple-tag=gone",
    );
    let ping = [("X-GitHub-Event", "ping"), ("X-GitHub-Delivery", "1")];
    check(
        Provider::Github,
        &ping,
        r#"{"zen":"x","hook_id":1}"#,
        "1 | ping | - | - | Ping",
    );
    let issues = [("X-GitHub-Event", "issues"), ("X-GitHub-Delivery", "2")];
    check(
        Provider::Github,
        &issues,
        "{}",
        "2 | issues | - | - | Other",
    );
}

#[test]
fn gitlab() {
    let headers = [
        ("X-Gitlab-Event", "Push Hook"),
        ("Idempotency-Key", "f5e5f430"),
    ];
    check(
        Provider::Gitlab,
        &headers,
        include_str!("../fixtures/gitlab-push.json"),
        "f5e5f430 | Push Hook | example.com/mike/diaspora | master | refs/heads/master=da15608",
    );
    let old = [
        ("X-Gitlab-Event", "Push Hook"),
        ("X-Gitlab-Event-UUID", "13792a34"),
    ];
    let body = include_str!("../fixtures/gitlab-push.json");
    let first = read(Provider::Gitlab, &self::headers(&old), body.as_bytes()).unwrap();
    let caused = body.replace("jsmith", "other");
    let other = read(Provider::Gitlab, &self::headers(&old), caused.as_bytes()).unwrap();
    assert_ne!(
        first.id, other.id,
        "events that one event caused share its id"
    );
}

#[test]
fn gitea_and_forgejo() {
    let body = include_str!("../fixtures/gitea-push.json");
    let moved = "refs/heads/develop=bffeb74";
    for prefix in ["X-Gitea", "X-Forgejo", "X-Gogs"] {
        let (event, id) = (format!("{prefix}-Event"), format!("{prefix}-Delivery"));
        let headers = [(event.as_str(), "push"), (id.as_str(), "f6266f16")];
        check(
            Provider::Gitea,
            &headers,
            body,
            &format!("f6266f16 | push | localhost:3000/gitea/webhooks | master | {moved}"),
        );
    }
}

#[test]
fn bitbucket() {
    let headers = [("X-Event-Key", "repo:push"), ("X-Request-UUID", "9a2b")];
    check(
        Provider::Bitbucket,
        &headers,
        include_str!("../fixtures/bitbucket-push.json"),
        "9a2b | repo:push | bitbucket.org/team_name/repo_name | - | \
         refs/heads/name-of-branch=709d658 refs/tags/v1=gone",
    );
    let headers = [
        ("X-Event-Key", "repo:refs_changed"),
        ("X-Request-Id", "9a2c"),
    ];
    check(
        Provider::Bitbucket,
        &headers,
        include_str!("../fixtures/bitbucket-server-push.json"),
        "9a2c | repo:refs_changed | - | - | refs/heads/master=178864a",
    );
    let ping = [("X-Event-Key", "diagnostics:ping"), ("X-Request-Id", "3")];
    check(
        Provider::Bitbucket,
        &ping,
        r#"{"test":true}"#,
        "3 | diagnostics:ping | - | - | Ping",
    );
}

#[test]
fn codecommit() {
    let repository = "git-codecommit.us-east-2.amazonaws.com/v1/repos/mydemorepo";
    check(
        Provider::Codecommit,
        &[],
        include_str!("../fixtures/codecommit-event.json"),
        &format!(
            "01234567-EXAMPLE | referenceUpdated | {repository} | - | refs/heads/myBranch=7f0103f"
        ),
    );
    check(
        Provider::Codecommit,
        &[],
        include_str!("../fixtures/codecommit-sns-trigger.json"),
        &format!(
            "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324 | trigger | {repository} | - | \
             refs/heads/master=5c4ef10 refs/heads/old=gone"
        ),
    );
    let confirm = r#"{"Type":"SubscriptionConfirmation","MessageId":"1","Message":"You have chosen",
        "SubscribeURL":"https://sns.us-east-2.amazonaws.com/?Action=ConfirmSubscription"}"#;
    let delivery = read(Provider::Codecommit, &HeaderMap::new(), confirm.as_bytes()).unwrap();
    assert!(
        matches!(delivery.notice, Notice::Confirm { .. }),
        "{delivery:?}"
    );
}

#[test]
fn generic() {
    let body = format!(
        r#"{{"ref":"refs/heads/main","after":"{}","repository":"git@git.example:acme/hello.git"}}"#,
        "1".repeat(40)
    );
    let headers = [("X-Towpath-Delivery", "one")];
    check(
        Provider::Generic,
        &headers,
        &body,
        "one | push | git.example/acme/hello | - | refs/heads/main=1111111",
    );
    for bad in [
        "",
        "[]",
        r#"{"ref":"main","after":"1111111111111111111111111111111111111111"}"#,
        r#"{"ref":"refs/heads/main","after":"1"}"#,
        r#"{"ref":"refs/heads/main","after":"1111111111111111111111111111111111111111","x":1}"#,
    ] {
        assert!(
            read(Provider::Generic, &self::headers(&headers), bad.as_bytes()).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn what_is_not_what_they_send_is_malformed_and_nothing_worse() {
    let headers = headers(&[
        ("X-GitHub-Event", "push"),
        ("X-Gitlab-Event", "Push Hook"),
        ("X-Gitea-Event", "push"),
        ("X-Event-Key", "repo:push"),
    ]);
    let deep = "[".repeat(100_000);
    for provider in Provider::ALL {
        for body in ["", "null", "{", "\u{0}", r#"{"ref":1}"#, &deep] {
            let read = read(provider, &headers, body.as_bytes());
            assert!(
                read.is_err() || provider == Provider::Gitlab,
                "{provider} {body:.20}: {read:?}"
            );
        }
    }
}
