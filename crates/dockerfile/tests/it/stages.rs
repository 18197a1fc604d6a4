use crate::fixture::Fixture;

#[tokio::test]
async fn a_stage_copies_from_another() {
    let fixture = Fixture::new().await;
    fixture.write("a.txt", "A");
    let text = "FROM scratch AS one\nCOPY --chown=3:4 a.txt /x/\nFROM scratch AS unused\nCOPY missing /\n\
                FROM scratch\nCOPY --from=one /x /y\nCOPY --from=0 --chown=1:1 /x/a.txt /z\n";
    let (_, log) = fixture.build(text).await;
    assert!(!log.contains("unused"), "{log}");
    assert!(
        log.contains("[one 2/2] COPY --chown=3:4 a.txt /x/ DONE"),
        "{log}"
    );
    let layers = fixture.layers().await;
    let owner = fixture.kept_owner("3:4");
    let expected = [format!("y/ 755 {owner}"), format!("y/a.txt 644 {owner} A")];
    assert_eq!(layers[0], expected);
    assert_eq!(layers[1], ["z 644 1:1 A"]);
}

#[tokio::test]
async fn a_stage_stands_on_another() {
    let fixture = Fixture::new().await;
    fixture.write("a.txt", "A");
    let text = "FROM scratch AS one\nENV a=1\nCOPY a.txt /x\nFROM one\nENV b=$a\n";
    fixture.build(text).await;
    assert_eq!(fixture.layers().await, [["x 644 0:0 A"]]);
    let config = fixture.image().await.config;
    let env = config.config().as_ref().unwrap().env().clone().unwrap();
    assert_eq!(env[1..], ["a=1", "b=1"]);
}

#[tokio::test]
async fn a_stage_inherits_the_arguments_of_the_one_it_stands_on_only() {
    let fixture = Fixture::new().await;
    let text = "ARG g=0\nFROM scratch AS one\nARG a=1\nARG g\nFROM one AS two\nENV b=$a$g\nARG a=2\nENV c=$a\n\
                FROM scratch AS three\nARG d=3\nFROM two\nENV e=$a$d\n";
    fixture.build(text).await;
    let config = fixture.image().await.config;
    let env = config.config().as_ref().unwrap().env().clone().unwrap();
    assert_eq!(env[1..], ["b=10", "c=2", "e=2"]);
}

#[tokio::test]
async fn files_come_out_of_any_image() {
    let Some(fixture) = Fixture::with_busybox().await else {
        return;
    };
    fixture
        .build("FROM scratch\nCOPY --from=busybox /etc/group /g\n")
        .await;
    let layers = fixture.layers().await;
    assert_eq!(layers[0], ["g 644 0:0 root:x:0:\nnogroup:x:65534:"]);
}
