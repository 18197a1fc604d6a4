use std::time::Duration;

use serde_json::{Map, Value, json};
use towpath_model::{ExecutionKey, Namespace};

use super::ComputeType;

/// Marks a build's pod.
pub(crate) const BUILD: &str = "towpath.dev/build";
/// Whose pod it is. Not the mark of applied objects: a build is nothing that a project has deployed.
pub(crate) const INSTALLATION: &str = "towpath.dev/build-installation";

const PROGRAM_FOLDER: &str = "/towpath";
const WORK_FOLDER: &str = "/codebuild";
const TOKEN: &str = "token";
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
    /// Of type `kubernetes.io/dockerconfigjson`, in the namespace.
    pub pull_secret: Option<String>,
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
    let pull_secrets: Vec<Value> = spec
        .pull_secret
        .iter()
        .map(|name| json!({"name": name}))
        .collect();
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
            "imagePullSecrets": pull_secrets,
            "initContainers": [init_container(spec)],
            "containers": [container(spec)],
            "volumes": [
                {"name": "program", "emptyDir": {"sizeLimit": "64Mi"}},
                {"name": "work", "emptyDir": {}},
            ],
        },
    })
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

/// Goes with the pod of this uid.
pub(crate) fn secret(spec: &BuildPodSpec, installation: &str, pod_uid: &str, token: &str) -> Value {
    json!({
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
        "type": "Opaque",
        "stringData": {TOKEN: token},
    })
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
        let secret = secret(&spec, "i", "u", "t");
        assert_eq!(secret["metadata"]["ownerReferences"][0]["uid"], "u");
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
