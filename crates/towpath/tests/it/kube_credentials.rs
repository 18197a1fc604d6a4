//! The ways in which a server can be given a Kubernetes cluster, through the front door.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use towpath_testkit::{Kube, KubeNamespace, WorkTree, eventually_async, kube};

use crate::kube::{said, towpath};
use crate::program::{Running, assert_status, program};

/// The value of a key that the kubeconfig has first for its administrator.
fn value(kube: &Kube, key: &str) -> String {
    let text = fs::read_to_string(kube.kubeconfig()).unwrap();
    let mut lines = text.lines().map(str::trim);
    let line = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
    line.unwrap().trim_matches('"').to_owned()
}

fn file(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

/// A kubeconfig whose user is a script that asks nobody.
fn with_plugin(kube: &Kube, folder: &Path) -> (PathBuf, PathBuf) {
    let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
        "status": {"token": value(kube, "token")}});
    let script = format!("#!/bin/sh\ncat <<'END'\n{credential}\nEND\n");
    let plugin = file(folder, "acme-login", &script);
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o700)).unwrap();
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "acme",
        "clusters": [{"name": "acme", "cluster": {"server": value(kube, "server"),
            "certificate-authority-data": value(kube, "certificate-authority-data")}}],
        "users": [{"name": "acme", "user": {"exec":
            {"apiVersion": "client.authentication.k8s.io/v1", "command": plugin}}}],
        "contexts": [{"name": "acme", "context": {"cluster": "acme", "user": "acme"}}],
    });
    let kubeconfig = file(folder, "kubeconfig", &kubeconfig.to_string());
    (kubeconfig, plugin)
}

#[tokio::test]
async fn a_credential_plug_in_deploys_and_its_failure_is_told() {
    let Some(kube) = kube() else { return };
    let running = Running::start().await;
    let (kubeconfig, plugin) = with_plugin(&kube, running.folder.path());
    let kubeconfig = kubeconfig.to_str().unwrap();
    let add = ["cluster", "add", "acme", "--kubeconfig", kubeconfig];
    let added = towpath(&running.server, &add);
    assert!(added.status.success(), "{}", said(&added));
    let note = format!(
        "the credentials come from the plug-in `{}`",
        plugin.display()
    );
    assert!(said(&added).contains(&note), "{}", said(&added));

    let namespace = kube.namespace(&[]).await.unwrap();
    let place = ["--cluster", "acme", "--namespace", namespace.name()];
    let create = [&["project", "create", "hello"][..], &place].concat();
    let created = towpath(&running.server, &create);
    assert!(created.status.success(), "{}", said(&created));
    let tree = WorkTree::prebuilt("hello", 1, "echo building").unwrap();
    assert_status(&running.push(&tree, "hello", 1).await, "succeeded");

    let fails =
        "#!/bin/sh\necho 'the session has expired: run acme login' >&2\necho more >&2\nexit 1\n";
    fs::write(plugin, fails).unwrap();
    let replaced = towpath(&running.server, &[&add[..], &["--replace"]].concat());
    assert_eq!(replaced.status.code(), Some(2), "{}", said(&replaced));
    let expected = "cluster acme: the credential plug-in failed (exit status: 1): the session has expired: run \
                    acme login";
    assert!(said(&replaced).contains(expected), "{}", said(&replaced));
}

#[tokio::test]
async fn a_token_and_an_authority_are_enough_and_a_wrong_one_is_told() {
    let Some(kube) = kube() else { return };
    let running = Running::start().await;
    let folder = running.folder.path();
    let authority = value(&kube, "certificate-authority-data");
    let authority = String::from_utf8(BASE64_STANDARD.decode(authority).unwrap()).unwrap();
    let authority = file(folder, "ca.pem", &authority);
    // With the newline that editors leave.
    let token = file(folder, "token", &format!("{}\n", value(&kube, "token")));
    let stale = file(folder, "stale", "nobody's");
    let server = value(&kube, "server");
    let add = |name: &str, token: &Path, authority: Option<&Path>| {
        let mut arguments = vec!["cluster", "add", name, "--api-server", &server];
        arguments.extend(["--token-file", token.to_str().unwrap()]);
        if let Some(authority) = authority {
            arguments.extend(["--certificate-authority", authority.to_str().unwrap()]);
        }
        towpath(&running.server, &arguments)
    };
    let added = add("prod", &token, Some(&authority));
    assert!(added.status.success(), "{}", said(&added));
    assert!(
        said(&added).contains("prod answers: Kubernetes v1."),
        "{}",
        said(&added)
    );
    for (name, token, authority, expected) in [
        (
            "stranger",
            &token,
            None,
            "cluster stranger is not trusted: the server's certificate is not signed by",
        ),
        (
            "stale",
            &stale,
            Some(authority.as_path()),
            "cluster stale does not accept its credentials: Unauthorized; they may have expired or been revoked: \
             make new ones, and give them to it with `towpath cluster add stale --replace`",
        ),
    ] {
        let added = add(name, token, authority);
        assert_eq!(added.status.code(), Some(2), "{}", said(&added));
        assert!(said(&added).contains(expected), "{}", said(&added));
    }
}

/// Starts a server in the pod, gives it its own cluster, and asks whether it can deploy there.
const IN_POD: &str = r#"
set -e
mkdir /tmp/p && cd /tmp/p
"$TOWPATH" serve --data data --listen 127.0.0.1:0 --token-file token >out 2>&1 &
until grep -q 'Listening on' out; do kill -0 $! || { cat out; exit 9; }; sleep 0.1; done
export TOWPATH_SERVER=$(sed -n 's,.*Listening on \(http[^ ]*\)/$,\1,p' out) TOWPATH_TOKEN=$(cat token)
"$TOWPATH" cluster add home --in-cluster
"$TOWPATH" cluster check home --namespace "$NAMESPACE"
"#;

#[tokio::test]
async fn a_server_in_a_pod_deploys_with_its_pods_account() {
    let Some(kube) = kube() else { return };
    let namespace = kube
        .namespace(&[("kube.test/behaviour", "process")])
        .await
        .unwrap();
    allow(&kube, &namespace).await;
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "towpath"}, "spec": {
        "restartPolicy": "Never",
        "containers": [{"name": "towpath", "image": "any", "command": ["sh", "-c", IN_POD], "env": [
            {"name": "TOWPATH", "value": program()}, {"name": "NAMESPACE", "value": namespace.name()}]}],
    }});
    let pods = format!("/api/v1/namespaces/{}/pods", namespace.name());
    kube.call(Method::POST, &pods, Some(&pod)).await.unwrap();
    let phase = eventually_async("the pod ends", || async {
        let pod = kube.get(&format!("{pods}/towpath")).await.ok()?;
        let phase = pod["status"]["phase"].as_str()?.to_owned();
        matches!(phase.as_str(), "Succeeded" | "Failed").then_some(phase)
    })
    .await;
    // It is no JSON, which the error tells with all of it.
    let log = kube.get(&format!("{pods}/towpath/log")).await.unwrap_err();
    let log = format!("{log:#}");
    assert_eq!(phase, "Succeeded", "{log}");
    for expected in ["home answers: Kubernetes v1.", "is allowed"] {
        assert!(log.contains(expected), "{log}");
    }
}

/// Lets the namespace's default account do everything; what allows it goes with the namespace.
async fn allow(kube: &Kube, namespace: &KubeNamespace) {
    let name = namespace.name();
    let found = kube
        .get(&format!("/api/v1/namespaces/{name}"))
        .await
        .unwrap();
    let owner: Value = json!({"apiVersion": "v1", "kind": "Namespace", "name": name,
        "uid": found["metadata"]["uid"]});
    let group = "rbac.authorization.k8s.io";
    let binding = json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding",
        "metadata": {"name": name, "ownerReferences": [owner]},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": name}]});
    let path = format!("/apis/{group}/v1/clusterrolebindings");
    kube.call(Method::POST, &path, Some(&binding))
        .await
        .unwrap();
}
