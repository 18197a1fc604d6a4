use towpath_dockerfile::Built;

use crate::fixture::Fixture;

#[tokio::test]
async fn a_layer_holds_what_a_command_changed() {
    let Some(fixture) = Fixture::with_busybox().await else {
        return;
    };
    let text = "FROM busybox\nRUN echo hi > /tmp/hi && chmod 600 /tmp/hi && rm /etc/group\n\
                RUN [\"ln\", \"-s\", \"hi\", \"/tmp/link\"]\n";
    let (_, log) = fixture.build(text).await;
    let layers = fixture.layers().await;
    assert_eq!(
        layers[0],
        [
            "etc/ 755 0:0",
            "etc/.wh.group 0 0:0",
            "tmp/ 1777 0:0",
            "tmp/hi 600 0:0 hi"
        ],
        "{log}"
    );
    assert_eq!(layers[1], ["tmp/ 1777 0:0", "tmp/link 777 0:0 -> hi"]);
    assert!(fixture.work_is_empty());
}

#[tokio::test]
async fn a_command_sees_what_docker_shows_it() {
    let Some(fixture) = Fixture::with_busybox().await else {
        return;
    };
    let cases: &[(&str, &str)] = &[
        ("RUN pwd", "/\n"),
        ("WORKDIR /a/b\nRUN pwd", "/a/b\n"),
        ("RUN id -u; id -g", "0\n0\n"),
        ("ARG a=1\nENV b=2\nRUN echo $a-$b", "1-2\n"),
        ("ARG b=1\nENV b=2\nRUN echo $b", "2\n"),
        (
            "RUN env | sort",
            "HOME=/root\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/\nSHLVL=1\n",
        ),
        ("RUN cat; echo read nothing", "read nothing\n"),
        ("RUN echo out; echo err >&2; echo out", "out\nerr\nout\n"),
        ("RUN printf no-newline", "no-newline\n"),
        ("RUN <<EOF\necho one\necho two\nEOF", "one\ntwo\n"),
        (
            "RUN <<EOF\n#!/bin/busybox sh\necho from $0\nEOF",
            "from /dev/towpath/script\n",
        ),
        ("RUN cat <<EOF\nx\nEOF", "x\n"),
        ("SHELL [\"/bin/busybox\", \"echo\"]\nRUN a b", "a b\n"),
        (
            "RUN grep -c nameserver /etc/resolv.conf > /dev/null; test -f /etc/hosts; echo $?",
            "0\n",
        ),
        ("RUN sleep 1000 & echo left behind", "left behind\n"),
    ];
    for (text, expected) in cases {
        let (_, log) = fixture.build(&format!("FROM busybox\n{text}")).await;
        let output: String = log
            .lines()
            .filter(|line| !line.starts_with('[') && !line.starts_with("exporting "))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(output, *expected, "{text}\n{log}");
    }
    let layers = fixture.layers().await;
    assert_eq!(layers, [Vec::<String>::new()], "nothing was changed");
}

#[tokio::test]
async fn a_command_runs_as_the_user() {
    let Some(fixture) = Fixture::with_busybox().await else {
        return;
    };
    let host = &fixture.builder.host;
    if host.is_rootless() && host.uid_inside(100_000).is_none() {
        let text = "FROM busybox\nUSER nobody\nRUN true";
        let (built, log) = fixture.try_build(text, &[]).await;
        assert!(matches!(built, Built::Failed(_)), "{log}");
        assert!(log.contains("65534"), "{log}");
        return;
    }
    let text = "FROM busybox\nUSER nobody\nRUN id -u > /tmp/id; id -g >> /tmp/id; pwd\n";
    fixture.build(text).await;
    let layers = fixture.layers().await;
    assert_eq!(
        layers[0],
        ["tmp/ 1777 0:0", "tmp/id 644 65534:65534 65534\n65534"]
    );
    fixture
        .build("FROM busybox\nRUN mkdir /x && chown 5:6 /x\n")
        .await;
    assert_eq!(fixture.layers().await[0], ["x/ 755 5:6"]);
    let text = "FROM busybox\nCOPY --chown=nobody:root Dockerfile /d\nUSER 5:6\nRUN id -u; id -g\n";
    let (_, log) = fixture.build(text).await;
    assert!(log.contains("\n5\n6\n"), "{log}");
    let owned = fixture.layers().await[0].concat();
    assert!(owned.starts_with("d 644 65534:0 "), "{owned}");
    let refusal = fixture.refusal("FROM busybox\nUSER www\nRUN true").await;
    assert!(
        refusal.starts_with("Dockerfile:3:1: USER www: the image's /etc/passwd has no user `www`"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_failing_command_fails_the_build_with_its_line() {
    let Some(fixture) = Fixture::with_busybox().await else {
        return;
    };
    let (built, log) = fixture
        .try_build("FROM busybox\n\nRUN echo before; \\\n  exit 3\n", &[])
        .await;
    let Built::Failed(errors) = built else {
        panic!("{log}")
    };
    let expected = "Dockerfile:3:1: `RUN echo before;   exit 3` failed: exit code 3";
    assert!(errors.to_string().starts_with(expected), "{errors}");
    assert!(
        log.contains("[2/2] RUN echo before; exit 3\nbefore\n[2/2] ERROR "),
        "{log}"
    );
    assert!(fixture.work_is_empty());
    let refusal = fixture.refusal("FROM busybox\nRUN [\"nothing\"]").await;
    assert!(
        refusal.contains("2:1: RUN needs nothing, which is not in the image"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_command_is_run_again_only_when_its_input_changes() {
    let Some(fixture) = Fixture::with_busybox().await else {
        return;
    };
    let text = "FROM busybox\nARG v=1\nRUN echo $v > /v\nRUN cat /v\n";
    let build = async |args: &[(&str, &str)]| match fixture.try_build(text, args).await {
        (Built::Image(image), log) => (image, log),
        (Built::Failed(errors), log) => panic!("{errors}\n{log}"),
    };
    let (first, _) = build(&[]).await;
    let (again, log) = build(&[]).await;
    assert_eq!((again.cached, again.digest), (2, first.digest), "{log}");
    assert!(log.contains("[2/3] RUN echo $v > /v CACHED\n"), "{log}");
    let (other, log) = build(&[("v", "2")]).await;
    assert_eq!(other.cached, 0, "{log}");
    assert!(log.contains("\n2\n"), "{log}");
    let (proxied, log) = build(&[("HTTP_PROXY", "http://proxy")]).await;
    assert_eq!((proxied.cached, proxied.digest), (2, first.digest), "{log}");
    fixture
        .store
        .prune_build_cache(towpath_model::Timestamp(i64::MAX))
        .await
        .unwrap();
    let (anew, _) = build(&[]).await;
    assert_eq!((anew.cached, anew.digest), (0, first.digest));
}

#[tokio::test]
async fn a_build_that_is_dropped_leaves_nothing() {
    let Some(fixture) = Fixture::with_busybox().await else {
        return;
    };
    let text = "FROM busybox\nRUN echo begun; sleep 1000\n";
    let limit = std::time::Duration::from_secs(5);
    let stopped = tokio::time::timeout(limit, fixture.build(text)).await;
    assert!(stopped.is_err());
    towpath_testkit::eventually_async("the build's folder to go", async || {
        fixture.work_is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn without_a_network_there_is_only_loopback() {
    let Some(fixture) = Fixture::with_busybox().await else {
        return;
    };
    let text = "FROM busybox\nRUN --network=none ip -o link | wc -l\n";
    let (_, log) = fixture.build(text).await;
    assert!(log.contains("\n1\n"), "{log}");
}

#[tokio::test]
async fn a_plain_user_cannot_keep_what_only_others_may_read() {
    let Some(fixture) = Fixture::with_busybox().await else {
        return;
    };
    let host = &fixture.builder.host;
    if !host.is_rootless() || host.uid_inside(100_000).is_none() {
        return;
    }
    let text = "FROM busybox\nRUN mkdir /private && chown 5 /private && chmod 700 /private\n";
    let refusal = fixture.refusal(text).await;
    let expected = "Dockerfile:2:1: `private` belongs to another user of the image";
    assert!(refusal.starts_with(expected), "{refusal}");
    assert!(fixture.work_is_empty());
}
