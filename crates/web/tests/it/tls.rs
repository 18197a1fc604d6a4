use std::path::PathBuf;

use towpath_testkit::{certificate, eventually_async, require};
use towpath_web::TlsConfig;

use crate::fixture::Server;

#[tokio::test(flavor = "multi_thread")]
async fn it_speaks_tls_with_a_certificate() {
    let Some(openssl) = require("openssl") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = certificate(&openssl, folder.path()).unwrap();
    let tls = TlsConfig { cert, key };
    let pem = std::fs::read(&tls.cert).unwrap();
    let server = Server::start_with(|config| config.tls = Some(tls)).await;
    let trusted = reqwest::Certificate::from_pem(&pem).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([trusted])
        .build()
        .unwrap();
    let url = format!("https://{}/healthz", server.address);
    let healthy = || async { client.get(&url).send().await.ok() };
    let response = eventually_async("an answer over TLS", healthy).await;
    assert_eq!(response.text().await.unwrap(), "{\"status\":\"ok\"}");
    let login = client
        .post(format!("https://{}/login", server.address))
        .form(&[("token", &server.token)]);
    let response = login.send().await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_certificate_that_is_not_there_is_named() {
    let missing = PathBuf::from("/nowhere/cert.pem");
    let tls = TlsConfig {
        cert: missing.clone(),
        key: missing,
    };
    let error = Server::failing_start(tls).await;
    assert!(
        error.contains("/nowhere/cert.pem") && error.contains("PEM"),
        "{error}"
    );
}
