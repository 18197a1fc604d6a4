use std::fs;

use towpath_dockerfile::Built;

use crate::fixture::Fixture;

#[tokio::test]
async fn what_cannot_be_built_is_refused_with_place_and_reason() {
    let fixture = Fixture::new().await;
    fixture
        .write("a.txt", "A")
        .write("src/main.rs", "")
        .write("src/file/x", "")
        .link("loop", "loop");
    let cases = [
        ("RNU x", "Dockerfile:2:1: unknown instruction `RNU`"),
        (
            "COPY a.tx /x",
            "Dockerfile:2:6: /a.tx is not there; did you mean /a.txt?",
        ),
        (
            "COPY src/nothing /x",
            "2:6: /src/nothing is not there; /src holds file, main.rs",
        ),
        ("COPY scr/main.rs /x", "did you mean /src?"),
        ("COPY *.nothing /x", "2:1: nothing matches *.nothing"),
        (
            "COPY a.txt src /x",
            "2:16: 2 sources cannot all be `/x`; end the destination",
        ),
        ("COPY src/[ /x", "2:6: `src/[`: syntax error in pattern"),
        (
            "COPY --chown=web a.txt /x",
            "2:6: the image's /etc/passwd has no user `web`",
        ),
        ("COPY --chmod=9 a.txt /x", "2:6: `9` is not a mode"),
        (
            "COPY a.txt /x\nCOPY src /x",
            "3:10: /x in the image is a file, which a folder",
        ),
        (
            "COPY ${x:?needed} /x",
            "2:6: `${x:?needed}`: variable `x` is required: needed",
        ),
        (
            "RUN true",
            "2:1: RUN needs /bin/sh, which is not in the image; FROM scratch is empty",
        ),
        (
            "COPY a.txt /x\nRUN true",
            "3:1: RUN needs /bin/sh, which is not in the image; COPY it",
        ),
        ("EXPOSE http", "2:8: `http` is not a port"),
    ];
    for (text, expected) in cases {
        let refusal = fixture.refusal(&format!("FROM scratch\n{text}")).await;
        assert!(refusal.contains(expected), "{text}\n{refusal}");
    }
}

#[tokio::test]
async fn an_image_that_is_not_there_is_refused_at_its_from() {
    let fixture = Fixture::new().await;
    let refusal = fixture.refusal("FROM nothing:1\n").await;
    let expected = "Dockerfile:1:6: image docker.io/library/nothing:1 does not exist";
    assert!(refusal.starts_with(expected), "{refusal}");
    let refusal = fixture.refusal("FROM UPPER\n").await;
    assert!(refusal.starts_with("Dockerfile:1:6: "), "{refusal}");
}

#[tokio::test]
async fn a_context_cannot_show_what_is_outside() {
    let fixture = Fixture::new().await;
    let secret = tempfile::tempdir().unwrap();
    fs::write(secret.path().join("key"), "secret").unwrap();
    fixture.link(secret.path().to_str().unwrap(), "out");
    fixture.link(secret.path().join("key").to_str().unwrap(), "key");
    for source in ["out/key", "key", "out"] {
        let refusal = fixture
            .refusal(&format!("FROM scratch\nCOPY {source} /x"))
            .await;
        assert!(refusal.contains("is not there"), "{refusal}");
    }
}

#[tokio::test]
async fn archives_are_not_added() {
    let fixture = Fixture::new().await;
    fs::write(fixture.path("a.tgz"), [0x1f, 0x8b, 8, 0]).unwrap();
    let refusal = fixture.refusal("FROM scratch\nADD a.tgz /").await;
    assert!(
        refusal.contains("2:1: ADD of the archive /a.tgz is not supported yet"),
        "{refusal}"
    );
    fixture.build("FROM scratch\nCOPY a.tgz /").await;
}

#[tokio::test]
async fn without_a_dockerfile_there_is_no_image() {
    let fixture = Fixture::new().await;
    fs::create_dir(fixture.path("folder")).unwrap();
    fs::write(fixture.path("latin1"), [b'#', 0xe9]).unwrap();
    fixture
        .write("empty", "")
        .write("large", &"#\n".repeat(600_000));
    let cases = [
        (
            "sub/Dockerfile",
            "sub/Dockerfile:1:1: there is no `sub/Dockerfile` in the build context",
        ),
        (
            "../../etc/passwd",
            "there is no `../../etc/passwd` in the build context",
        ),
        ("folder", "folder:1:1: is not a file"),
        ("latin1", "latin1:1:1: is not UTF-8 text"),
        ("large", "large:1:1: the file is larger than"),
        ("empty", "empty:1:1: the Dockerfile has no FROM"),
    ];
    for (file, expected) in cases {
        let (built, _) = fixture.build_file(file, &[]).await;
        let Built::Failed(errors) = built else {
            panic!("{file}")
        };
        assert!(errors.to_string().contains(expected), "{errors}");
    }
}
