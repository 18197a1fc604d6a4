use std::time::Duration;

use serde_json::{Map, Value, json};
use towpath_model::{ExecutionKey, Namespace, SecretName};
use towpath_store::{Secret, StoreError};

use super::ComputeType;
use crate::manifest::docker_config;

/// Marks a build's pod.
pub(crate) const BUILD: &str = "towpath.dev/build";
/// Whose pod it is. Not the mark of applied objects: a build is nothing that a project has deployed.
pub(crate) const INSTALLATION: &str = "towpath.dev/build-installation";

const PROGRAM_FOLDER: &str = "/towpath";
const WORK_FOLDER: &str = "/codebuild";
const TOKEN: &str = "token";
const DOCKER_CONFIG: &str = ".dockerconfigjson";
const DOCKER_CONFIG_TYPE: &str = "kubernetes.io/dockerconfigjson";
/// Beyond the build's own time-out: for pulling images and putting files away.
const MARGIN: Duration = Duration::from_secs(30 * 60);

/// What a build's pod is made from.
#[derive(Clone, Debug)]
pub struct BuildPodSpec {
    pub namespace: Namespace,
    /// Unique, and part of the pod's name: lower-case letters and digits.
    pub job: String,
    pub execution: ExecutionKey,
    /// In which the build's commands run.
    pub image: String,
    /// Holds the worker as `/towpath-worker`.
    pub worker_image: String,
    /// Where the worker calls.
    pub url: String,
    pub certificate_authorities: Option<String>,
    pub compute: ComputeType,
    /// After this long the build has timed out.
    pub timeout: Duration,
    /// With what the nodes pull the image; `None` where anybody may.
    pub pull_secret: Option<PullSecret>,
}

/// With what the nodes pull a build's image.
#[derive(Clone, Debug)]
pub enum PullSecret {
    /// A secret that somebody has put into the namespace.
    Existing(SecretName),
    /// A token that reads this one repository (`registry.example/tools`), in a secret that goes with the pod.
    Token { repository: String, token: Secret },
}

impl BuildPodSpec {
    /// At most 63 characters, as host names want it.
    pub(crate) fn name(&self) -> String {
        let mut project = self.execution.project.to_string();
        project.truncate(30);
        let project = project.trim_end_matches(['-', '.']);
        format!("build-{project}-{}-{}", self.execution.number, self.job)
    }
}

pub(crate) fn pod(spec: &BuildPodSpec, installation: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": spec.name(),
            "namespace": spec.namespace.as_str(),
            "labels": labels(spec, installation),
        },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": (spec.timeout + MARGIN).as_secs(),
            "terminationGracePeriodSeconds": 10,
            // A build has no business with the cluster that it happens to run on.
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "imagePullSecrets": pull_secrets(spec),
            "initContainers": [init_container(spec)],
            "containers": [container(spec)],
            "volumes": [
                {"name": "program", "emptyDir": {"sizeLimit": "64Mi"}},
                {"name": "work", "emptyDir": {}},
            ],
        },
    })
}

fn pull_secrets(spec: &BuildPodSpec) -> Vec<Value> {
    let name = spec.pull_secret.as_ref().map(|secret| match secret {
        PullSecret::Existing(name) => name.to_string(),
        // The pod's one secret holds both.
        PullSecret::Token { .. } => spec.name(),
    });
    name.into_iter().map(|name| json!({"name": name})).collect()
}

fn labels(spec: &BuildPodSpec, installation: &str) -> Map<String, Value> {
    let labels = [
        ("app.kubernetes.io/managed-by", "towpath".to_owned()),
        (BUILD, spec.execution.project.to_string()),
        ("towpath.dev/execution", spec.execution.number.to_string()),
        (INSTALLATION, installation.to_owned()),
    ];
    labels
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.into()))
        .collect()
}

/// Puts the worker where a container of any image can start it.
fn init_container(spec: &BuildPodSpec) -> Value {
    json!({
        "name": "worker",
        "image": spec.worker_image,
        "command": ["/towpath-worker", "install", PROGRAM_FOLDER],
        "resources": {
            "requests": {"cpu": "50m", "memory": "32Mi"},
            "limits": {"cpu": "1", "memory": "128Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": true,
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "program", "mountPath": PROGRAM_FOLDER}],
    })
}

fn container(spec: &BuildPodSpec) -> Value {
    let token = json!({"secretKeyRef": {"name": spec.name(), "key": TOKEN}});
    let mut env = vec![
        json!({"name": "TOWPATH_WORK_URL", "value": spec.url}),
        json!({"name": "TOWPATH_WORK_TOKEN", "valueFrom": token}),
        json!({"name": "TOWPATH_WORK_FOLDER", "value": WORK_FOLDER}),
    ];
    if let Some(authorities) = &spec.certificate_authorities {
        env.push(json!({"name": "TOWPATH_WORK_CA", "value": authorities}));
    }
    json!({
        "name": "build",
        "image": spec.image,
        "command": [format!("{PROGRAM_FOLDER}/towpath-worker")],
        "env": env,
        "resources": resources(spec.compute),
        // As in the sandbox: root inside, with what its image's user has, and nothing to be gained.
        "securityContext": {"allowPrivilegeEscalation": false},
        // What the worker says last is in the pod's status.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "program", "mountPath": PROGRAM_FOLDER, "readOnly": true},
            {"name": "work", "mountPath": WORK_FOLDER},
        ],
    })
}

/// Memory is had or not; CPU can be shared, so a quarter of it is enough to be placed.
fn resources(compute: ComputeType) -> Value {
    let (cpus, memory) = compute.size();
    json!({
        "requests": {"cpu": format!("{}m", cpus * 250), "memory": format!("{memory}Gi")},
        "limits": {"cpu": cpus.to_string(), "memory": format!("{memory}Gi")},
    })
}

/// Goes with the pod of this uid. The kubelet asks for it when the init container has ended, so it may come a
/// moment after the pod.
///
/// # Errors
/// When a token is not text.
pub(crate) fn secret(
    spec: &BuildPodSpec,
    installation: &str,
    pod_uid: &str,
    token: &Secret,
) -> Result<Value, StoreError> {
    let mut content = json!({TOKEN: token.expose_str()?});
    let mut kind = "Opaque";
    if let Some(PullSecret::Token { repository, token }) = &spec.pull_secret {
        content[DOCKER_CONFIG] = docker_config(repository, token.expose_str()?).into();
        kind = DOCKER_CONFIG_TYPE;
    }
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": spec.name(),
            "namespace": spec.namespace.as_str(),
            "labels": labels(spec, installation),
            "ownerReferences": [{
                "apiVersion": "v1", "kind": "Pod", "name": spec.name(), "uid": pod_uid,
            }],
        },
        "type": kind,
        "stringData": content,
    }))
}

#[cfg(test)]
mod tests {
    use towpath_model::ExecutionNumber;

    use super::*;

    fn spec() -> BuildPodSpec {
        BuildPodSpec {
            namespace: "builds".parse().unwrap(),
            job: "0123456789abcdef".into(),
            execution: ExecutionKey {
                project: "hello".parse().unwrap(),
                number: ExecutionNumber(7),
            },
            image: "debian:12".into(),
            worker_image: "towpath.example/towpath/worker@sha256:0".into(),
            url: "https://towpath.example/work/v1/0123456789abcdef".into(),
            certificate_authorities: None,
            compute: ComputeType::default(),
            timeout: Duration::from_secs(3600),
            pull_secret: None,
        }
    }

    #[test]
    fn the_token_is_only_in_the_secret() {
        let spec = spec();
        assert_eq!(spec.name(), "build-hello-7-0123456789abcdef");
        let pod = pod(&spec, "i");
        let env = &pod["spec"]["containers"][0]["env"][1];
        assert_eq!(env["valueFrom"]["secretKeyRef"]["name"], spec.name());
        let secret = secret(&spec, "i", "u", &token("t")).unwrap();
        assert_eq!(secret["metadata"]["ownerReferences"][0]["uid"], "u");
        assert_eq!(secret["type"], "Opaque");
    }

    fn token(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }

    #[test]
    fn images_are_pulled_with_the_pods_own_secret_or_one_that_is_there() {
        let pulled = |pull_secret| {
            let spec = BuildPodSpec {
                pull_secret,
                ..spec()
            };
            let secret = secret(&spec, "i", "u", &token("t")).unwrap();
            (pod(&spec, "i")["spec"]["imagePullSecrets"].clone(), secret)
        };
        assert_eq!(pulled(None).0, json!([]));
        let existing = PullSecret::Existing("mine".parse().unwrap());
        let (names, secret) = pulled(Some(existing));
        assert_eq!(names, json!([{"name": "mine"}]));
        assert_eq!(secret["stringData"], json!({"token": "t"}));
        let (names, secret) = pulled(Some(PullSecret::Token {
            repository: "towpath.example/tools".to_owned(),
            token: token("p"),
        }));
        assert_eq!(names, json!([{"name": spec().name()}]));
        assert_eq!(secret["type"], "kubernetes.io/dockerconfigjson");
        assert_eq!(secret["stringData"]["token"], "t");
        let config = secret["stringData"][".dockerconfigjson"].as_str().unwrap();
        assert!(config.contains("towpath.example/tools") && config.contains("\"p\""));
    }

    #[test]
    fn size_is_that_of_the_compute_type() {
        let medium = BuildPodSpec {
            compute: "BUILD_GENERAL1_MEDIUM".parse().unwrap(),
            ..spec()
        };
        let resources = &pod(&medium, "i")["spec"]["containers"][0]["resources"];
        assert_eq!(resources["limits"], json!({"cpu": "4", "memory": "8Gi"}));
        assert_eq!(
            resources["requests"],
            json!({"cpu": "1000m", "memory": "8Gi"})
        );
        assert!("BUILD_GENERAL1_TINY".parse::<ComputeType>().is_err());
    }

    #[test]
    fn the_longest_name_is_a_host_name() {
        let mut long = spec();
        long.execution.project = "a".repeat(39).parse().unwrap();
        long.execution.number = ExecutionNumber(99_999);
        assert!(long.name().len() <= 63, "{}", long.name());
    }
}
