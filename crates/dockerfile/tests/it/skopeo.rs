use std::process::Command;

use serde_json::{Value, json};
use towpath_testkit::{RegistryServer, require};

use crate::fixture::Fixture;

async fn skopeo(arguments: &[&str]) -> Vec<u8> {
    let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
    let run = move || Command::new("skopeo").args(&arguments).output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

#[tokio::test]
async fn others_read_the_image_as_it_was_meant() {
    if require("skopeo").is_none() {
        return;
    }
    let Some(fixture) = Fixture::with_busybox().await else {
        return;
    };
    fixture.write("app", "binary").chmod("app", 0o755);
    let text = "FROM busybox\nLABEL maintainer=\"A B\" version=1\nENV MODE=fast\nWORKDIR /srv\n\
                COPY app .\nRUN echo made > made\nUSER nobody\nEXPOSE 8080 53/udp\nVOLUME /data\n\
                STOPSIGNAL SIGINT\nENTRYPOINT [\"/srv/app\"]\nCMD [\"--serve\"]\n";
    let (image, _) = fixture.build(text).await;
    let server = RegistryServer::start(fixture.registry.clone()).await;
    let name = format!("docker://{}/hello:latest", server.host());
    let inspected = skopeo(&["inspect", "--tls-verify=false", &name]).await;
    let inspected: Value = serde_json::from_slice(&inspected).unwrap();
    assert_eq!(inspected["Digest"], json!(image.digest));
    assert_eq!(inspected["Created"], "2023-11-14T22:13:20Z");
    let config = skopeo(&["inspect", "--config", "--tls-verify=false", &name]).await;
    let config: Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(
        config["config"],
        json!({
            "User": "nobody",
            "ExposedPorts": {"8080/tcp": {}, "53/udp": {}},
            "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "MODE=fast"],
            "Entrypoint": ["/srv/app"],
            "Cmd": ["--serve"],
            "Volumes": {"/data": {}},
            "WorkingDir": "/srv",
            "Labels": {"maintainer": "A B", "version": "1"},
            "StopSignal": "SIGINT",
        })
    );
    let history = config["history"].as_array().unwrap();
    let layers = history
        .iter()
        .filter(|entry| entry["empty_layer"] != true)
        .count();
    assert_eq!(
        config["rootfs"]["diff_ids"].as_array().unwrap().len(),
        layers
    );
    let copy = tempfile::tempdir().unwrap();
    let copy = format!("dir:{}", copy.path().display());
    skopeo(&["copy", "--src-tls-verify=false", &name, &copy]).await;
}
