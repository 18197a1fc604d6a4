use crate::fixture::Fixture;

/// Builds `FROM scratch` with the text and gives the entries of the last layer.
async fn copied(fixture: &Fixture, text: &str) -> Vec<String> {
    fixture.build(&format!("FROM scratch\n{text}")).await;
    fixture.layers().await.pop().unwrap()
}

async fn context() -> Fixture {
    let fixture = Fixture::new().await;
    fixture
        .write("a.txt", "A")
        .write("b.txt", "B")
        .write("dir/c.txt", "C")
        .write("dir/sub/d.sh", "D")
        .write("arr[0].txt", "E")
        .chmod("dir/sub/d.sh", 0o755)
        .link("c.txt", "dir/link")
        .link("../../../../../../dir", "up")
        .link("/a.txt", "absolute");
    fixture
}

#[tokio::test]
async fn files_go_where_docker_puts_them() {
    let fixture = context().await;
    let file = |path: &str, content: &str| format!("{path} 644 0:0 {content}");
    let folder = |path: &str| format!("{path}/ 755 0:0");
    let cases: &[(&str, Vec<String>)] = &[
        ("COPY a.txt /x", vec![file("x", "A")]),
        ("COPY a.txt x", vec![file("x", "A")]),
        ("COPY /a.txt /x", vec![file("x", "A")]),
        ("COPY ../../a.txt /x", vec![file("x", "A")]),
        ("COPY a.txt /x/", vec![folder("x"), file("x/a.txt", "A")]),
        (
            "COPY a.txt b.txt /x/",
            vec![folder("x"), file("x/a.txt", "A"), file("x/b.txt", "B")],
        ),
        (
            "COPY [ab].txt /x/",
            vec![folder("x"), file("x/a.txt", "A"), file("x/b.txt", "B")],
        ),
        (
            "COPY *.txt no*thing ./",
            vec![
                file("a.txt", "A"),
                file("arr[0].txt", "E"),
                file("b.txt", "B"),
            ],
        ),
        ("COPY arr[[]0].txt /", vec![file("arr[0].txt", "E")]),
        (
            "COPY dir /x",
            vec![
                folder("x"),
                file("x/c.txt", "C"),
                "x/link 777 0:0 -> c.txt".into(),
                folder("x/sub"),
                "x/sub/d.sh 755 0:0 D".into(),
            ],
        ),
        ("COPY dir/sub/ /", vec!["d.sh 755 0:0 D".into()]),
        ("COPY d*/*.txt /x/", vec![folder("x"), file("x/c.txt", "C")]),
        ("COPY up/c.txt /x", vec![file("x", "C")]),
        (
            "COPY absolute dir/link /",
            vec![file("absolute", "A"), file("link", "C")],
        ),
        (
            "WORKDIR /w\nCOPY a.txt .",
            vec![folder("w"), file("w/a.txt", "A")],
        ),
        (
            "WORKDIR /w\nCOPY a.txt y/z",
            vec![folder("w"), folder("w/y"), file("w/y/z", "A")],
        ),
        (
            "WORKDIR /w\nCOPY a.txt /w",
            vec![folder("w"), file("w/a.txt", "A")],
        ),
        (
            "ARG f=a.txt\nENV d=/x\nCOPY $f ${d:-y}",
            vec![file("x", "A")],
        ),
        ("COPY [\"a.txt\", \"/x y\"]", vec![file("x y", "A")]),
        ("ADD a.txt /x", vec![file("x", "A")]),
        (
            "COPY --chown=5:6 a.txt /x/",
            vec!["x/ 755 5:6".into(), "x/a.txt 644 5:6 A".into()],
        ),
        (
            "COPY --chown=5 dir/sub /x",
            vec!["x/ 755 5:5".into(), "x/d.sh 755 5:5 D".into()],
        ),
        ("COPY --chmod=600 a.txt /x", vec!["x 600 0:0 A".into()]),
        (
            "COPY --chmod=u=rwX,go= dir/sub /x",
            vec!["x/ 700 0:0".into(), "x/d.sh 700 0:0 D".into()],
        ),
        (
            "ENV v=V\nCOPY <<E /x\n$v \"q\"\nE",
            vec![file("x", "V \"q\"")],
        ),
        (
            "ENV v=V\nCOPY <<'E' /x/\n$v\nE",
            vec![folder("x"), file("x/E", "$v")],
        ),
        (
            "COPY <<-ONE a.txt /x/\n\tt\n\tONE",
            vec![folder("x"), file("x/ONE", "t"), file("x/a.txt", "A")],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(copied(&fixture, text).await, *expected, "{text}");
    }
}

#[tokio::test]
async fn folders_that_are_there_keep_their_owner_and_mode() {
    let fixture = context().await;
    let text = "COPY --chown=7:8 --chmod=1777 dir/sub /tmp/t\nCOPY a.txt /tmp/t/";
    let owner = fixture.kept_owner("7:8");
    assert_eq!(
        copied(&fixture, text).await,
        [
            format!("tmp/ 755 {owner}").as_str(),
            &format!("tmp/t/ 1777 {owner}"),
            "tmp/t/a.txt 644 0:0 A"
        ]
    );
}

#[tokio::test]
async fn links_in_the_image_are_followed_inside_of_it() {
    let fixture = context().await;
    fixture
        .write("root/usr/bin/tool", "")
        .link("usr/bin", "root/bin");
    let text = "COPY root /\nCOPY a.txt /bin/new";
    let expected = ["usr/ 755 0:0", "usr/bin/ 755 0:0", "usr/bin/new 644 0:0 A"];
    assert_eq!(copied(&fixture, text).await, expected);
    let linked = copied(&fixture, "COPY root /\nCOPY --link a.txt /bin/new").await;
    assert_eq!(linked, ["bin/ 755 0:0", "bin/new 644 0:0 A"]);
}

#[tokio::test]
async fn what_is_ignored_is_not_copied() {
    let fixture = context().await;
    fixture.write(
        ".dockerignore",
        "**/*.sh\nb.txt\nDockerfile\n.dockerignore\narr*\nup\nabsolute\n",
    );
    let expected = [
        "x/ 755 0:0",
        "x/a.txt 644 0:0 A",
        "x/dir/ 755 0:0",
        "x/dir/c.txt 644 0:0 C",
        "x/dir/link 777 0:0 -> c.txt",
        "x/dir/sub/ 755 0:0",
    ];
    assert_eq!(copied(&fixture, "COPY . /x").await, expected);
    let refusal = fixture.refusal("FROM scratch\nCOPY b.txt /").await;
    assert!(refusal.contains(".dockerignore takes it out"), "{refusal}");
    fixture.write("Dockerfile.dockerignore", "*\n!a.txt\n");
    let expected = ["x/ 755 0:0", "x/a.txt 644 0:0 A"];
    assert_eq!(copied(&fixture, "COPY . /x").await, expected);
}
