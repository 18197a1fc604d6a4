//! Credentials that are not accepted, or that somebody else has to give.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use towpath_cluster::{Cluster, ClusterError, Connection, Health};
use towpath_testkit::eventually_async;

use super::world::World;

/// A certificate authority that has signed nothing here.
const SOMEBODY_ELSE: &str = "-----BEGIN CERTIFICATE-----
MIIBiDCCAS2gAwIBAgIUWKRlmwml5iK5KrFnd4Jiwb3skCowCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNU29tZWJvZHkgZWxzZTAgFw0yNjExMjAxMjU1NDBaGA8yMTI2
MTAyNzEyNTU0MFowGDEWMBQGA1UEAwwNU29tZWJvZHkgZWxzZTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABFjHxIfbcKof1vC+iX9zWMJo84mUszAlrU2wGYvvJC+X
wxkUgaJCfau15pBKjV9cuIfuoUBahR1KehuN12E+ybOjUzBRMB0GA1UdDgQWBBSZ
UWtjSrT+D6TlPdBbfB7VKuG8hTAfBgNVHSMEGDAWgBSZUWtjSrT+D6TlPdBbfB7V
KuG8hTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCfvpfHIjtW
dtZZvsSxniMVVisqs5OeFQklR9jaGs95mAIhAI3lbQJW8WGFHs3bkl1+zv1XaEQM
b6A+wi81We4/T8T4
-----END CERTIFICATE-----
";

fn token(world: &World, token: &str) -> Connection {
    Connection::Token {
        server: world.cluster.server().to_owned(),
        token: token.to_owned(),
        certificate_authority: Some(world.authority()),
    }
}

async fn error_with(world: &World, connection: Connection) -> ClusterError {
    let cluster = world.connect(connection).await.unwrap();
    let objects = world.objects("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    cluster.apply(&world.project(), &objects).await.unwrap_err()
}

#[tokio::test]
async fn a_token_that_is_not_accepted_says_what_to_do() {
    let Some(world) = World::start().await else {
        return;
    };
    let expected = "cluster test does not accept its credentials: Unauthorized; they may have expired or been \
                    revoked: make new ones, and give them to it with `towpath cluster add test --replace`";
    let error = error_with(&world, token(&world, "nobody's")).await;
    assert!(
        matches!(error, ClusterError::Unauthenticated { .. }),
        "{error:?}"
    );
    assert_eq!(error.to_string(), expected);

    world.apply("").await;
    let cluster = world.connect(token(&world, "nobody's")).await.unwrap();
    for status in [
        cluster.status(&world.project()).await.unwrap(),
        cluster.glance(&world.project()).await.unwrap(),
    ] {
        // Nothing of the application has to be asked for.
        assert_eq!(status.health, Health::Healthy);
    }
    world
        .apply(
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n",
        )
        .await;
    let status = cluster.status(&world.project()).await.unwrap();
    assert_eq!(status.health, Health::Unknown);
    assert_eq!(status.reason.as_deref(), Some(expected));
    world.finish().await;
}

#[tokio::test]
async fn a_token_that_is_revoked_is_accepted_no_more() {
    let Some(world) = World::start().await else {
        return;
    };
    world.apply("").await;
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "deployer", "namespace": world.namespace.as_str()}});
    world.other("admin", account).await;
    let given = world.token_of("deployer").await;
    let error = error_with(&world, token(&world, &given)).await;
    assert!(matches!(error, ClusterError::Forbidden { .. }), "{error:?}");
    world.delete("v1", "ServiceAccount", "deployer").await;
    // The API server remembers for some seconds whom it has let in.
    eventually_async("the token is revoked", || async {
        let error = error_with(&world, token(&world, &given)).await;
        matches!(error, ClusterError::Unauthenticated { .. }).then_some(())
    })
    .await;
    world.finish().await;
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_one_sentence() {
    let Some(world) = World::start().await else {
        return;
    };
    let expected = "cluster test is not trusted: the server's certificate is not signed by the certificate \
                    authority that is known for it: give the cluster's own (--certificate-authority, or \
                    certificate-authority-data in the kubeconfig)";
    for certificate_authority in [None, Some(SOMEBODY_ELSE.to_owned())] {
        let connection = Connection::Token {
            server: world.cluster.server().to_owned(),
            token: "t".to_owned(),
            certificate_authority,
        };
        let error = error_with(&world, connection).await;
        assert_eq!(error.to_string(), expected);
    }
    world.finish().await;
}

/// A credential plug-in, a script.
struct Plugin {
    folder: tempfile::TempDir,
}

impl Plugin {
    fn that(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plugin = Self { folder };
        let text = format!("#!/bin/sh\n{script}\n");
        std::fs::write(plugin.path(), text).unwrap();
        let executable = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(plugin.path(), executable).unwrap();
        plugin
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("plugin")
    }
}

fn by_plugin(world: &World, plugin: &Path) -> Connection {
    let authority = BASE64_STANDARD.encode(world.authority());
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "a",
        "clusters": [{"name": "a", "cluster":
            {"server": world.cluster.server(), "certificate-authority-data": authority}}],
        "users": [{"name": "a", "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": plugin,
            "env": [{"name": "PASSWORD", "value": "hunter2"}]}}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
    });
    Connection::Kubeconfig {
        text: kubeconfig.to_string(),
        context: None,
    }
}

#[tokio::test]
async fn a_plug_in_is_asked_for_credentials_until_it_has_none() {
    let Some(world) = World::start().await else {
        return;
    };
    // Credentials that are about to expire are asked for again at every request.
    let plugin = Plugin::that(&format!(
        "[ ! -e \"$0.fail\" ] || {{ echo; echo 'the session has expired: run acme login'; exit 3; }} >&2
cat <<END
{{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\",
  \"status\": {{\"token\": \"{}\", \"expirationTimestamp\": \"2020-01-01T00:00:00Z\"}}}}
END",
        world.admin_token()
    ));
    let cluster = world
        .connect(by_plugin(&world, &plugin.path()))
        .await
        .unwrap();
    let (project, objects) = (world.project(), world.objects(""));
    cluster.apply(&project, &objects).await.unwrap();

    std::fs::write(plugin.path().with_extension("fail"), "").unwrap();
    let error = cluster.apply(&project, &objects).await.unwrap_err();
    let expected = "cluster test does not accept its credentials: the credential plug-in failed (exit status: \
                    3): the session has expired: run acme login; they may have expired";
    assert!(error.to_string().starts_with(expected), "{error}");

    let error = world.connect(by_plugin(&world, &plugin.path())).await;
    let error = error.err().unwrap().to_string();
    let expected = "cluster test: the credential plug-in failed (exit status: 3): the session has expired: run \
                    acme login";
    assert_eq!(error, expected);
    world.finish().await;
}

#[tokio::test]
async fn a_plug_in_that_gives_nothing_is_told_without_its_secrets() {
    let Some(world) = World::start().await else {
        return;
    };
    let error = world
        .connect(by_plugin(&world, Path::new("/no/such/plugin")))
        .await;
    let error = error.err().unwrap().to_string();
    let expected = "cluster test: the credential plug-in cannot be started: No such file";
    assert!(error.starts_with(expected), "{error}");
    for (script, expected) in [
        (
            "echo sesame; exit 1",
            "(exit status: 1): it does not say why",
        ),
        ("echo sesame", "did not answer with an ExecCredential"),
        (
            "echo '{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\"}'",
            "answered without credentials",
        ),
    ] {
        let plugin = Plugin::that(script);
        let error = world.connect(by_plugin(&world, &plugin.path())).await;
        let error = error.err().unwrap().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(
            !error.contains("sesame") && !error.contains("hunter2"),
            "{error}"
        );
    }
    world.finish().await;
}
