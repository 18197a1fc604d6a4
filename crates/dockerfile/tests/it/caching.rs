use towpath_model::Timestamp;

use crate::fixture::Fixture;

const DOCKERFILE: &str = "FROM scratch\nWORKDIR /app\nCOPY a.txt .\nCOPY b.txt .\nCMD [\"/app\"]\n";

#[tokio::test]
async fn the_same_input_gives_the_same_image_anew_and_from_the_cache() {
    let (one, two) = (Fixture::new().await, Fixture::new().await);
    for fixture in [&one, &two] {
        fixture.write("a.txt", "A").write("b.txt", "B");
    }
    let (first, log) = one.build(DOCKERFILE).await;
    assert_eq!((first.steps, first.cached), (3, 0), "{log}");
    let (again, log) = one.build(DOCKERFILE).await;
    assert_eq!((again.steps, again.cached), (3, 3), "{log}");
    let (other, _) = two.build(DOCKERFILE).await;
    assert_eq!(again.digest, first.digest);
    assert_eq!(other.digest, first.digest);
}

#[tokio::test]
async fn a_step_is_made_again_when_its_input_changes() {
    let fixture = Fixture::new().await;
    fixture.write("a.txt", "A").write("b.txt", "B");
    let (first, _) = fixture.build(DOCKERFILE).await;
    fixture.write("b.txt", "B2");
    let (changed, log) = fixture.build(DOCKERFILE).await;
    assert_eq!(changed.cached, 2, "{log}");
    assert_ne!(changed.digest, first.digest);
    fixture.chmod("a.txt", 0o600);
    let (changed, log) = fixture.build(DOCKERFILE).await;
    assert_eq!(changed.cached, 1, "{log}");
    let relabelled = format!("{DOCKERFILE}LABEL a=b\n");
    let (labelled, log) = fixture.build(&relabelled).await;
    assert_eq!(labelled.cached, 3, "{log}");
    assert_ne!(labelled.digest, changed.digest);
}

#[tokio::test]
async fn a_layer_whose_blob_is_gone_is_made_again() {
    let fixture = Fixture::new().await;
    fixture.write("a.txt", "A").write("b.txt", "B");
    let (first, _) = fixture.build(DOCKERFILE).await;
    let last = fixture.image().await.layers.pop().unwrap();
    fixture.forget_blob(&last.digest).await;
    let (again, log) = fixture.build(DOCKERFILE).await;
    assert_eq!((again.cached, again.digest), (2, first.digest), "{log}");
}

#[tokio::test]
async fn the_cache_is_pruned_by_last_use() {
    let fixture = Fixture::new().await;
    fixture.write("a.txt", "A").write("b.txt", "B");
    fixture.build(DOCKERFILE).await;
    let used = Timestamp(1_800_000_000_000);
    assert_eq!(fixture.store.prune_build_cache(used).await.unwrap(), 0);
    let later = Timestamp(used.0 + 1);
    assert_eq!(fixture.store.prune_build_cache(later).await.unwrap(), 3);
    let (again, log) = fixture.build(DOCKERFILE).await;
    assert_eq!(again.cached, 0, "{log}");
}

#[tokio::test]
async fn the_log_has_a_line_a_step() {
    let fixture = Fixture::new().await;
    fixture.write("a.txt", "A").write("b.txt", "B");
    fixture.build(DOCKERFILE).await;
    fixture.write("b.txt", "B2");
    let (_, log) = fixture.build(DOCKERFILE).await;
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].starts_with("[1/4] FROM scratch DONE "), "{log}");
    assert_eq!(lines[1], "[2/4] WORKDIR /app CACHED");
    assert_eq!(lines[2], "[3/4] COPY a.txt . CACHED");
    assert!(lines[3].starts_with("[4/4] COPY b.txt . DONE "), "{log}");
    assert!(lines[4].starts_with("exporting hello@sha256:"), "{log}");
    assert_eq!(lines.len(), 5);
}

#[tokio::test]
async fn an_argument_that_nothing_takes_is_warned_of() {
    let fixture = Fixture::new().await;
    let arguments = [("a", "1"), ("b", "2"), ("HTTP_PROXY", "x")];
    let (_, log) = fixture.try_build("FROM scratch\nARG a\n", &arguments).await;
    assert!(
        log.starts_with("warning: no ARG in the Dockerfile takes the build argument `b`\n["),
        "{log}"
    );
}
