use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use towpath_model::{Location, Namespace};

use crate::object::{Object, Positions};
use crate::order;

/// Lets each pod spec that runs an image of `repository` (`registry.example/hello`) pull it with the secret
/// `name`, and gives the namespaces in which such pods are. Expects objects that were placed.
pub fn use_pull_secret(
    objects: &mut [Object],
    repository: &str,
    name: &str,
) -> BTreeSet<Namespace> {
    objects
        .iter_mut()
        .filter_map(|object| {
            let used = add_to_pods(&mut object.value, repository, name);
            object.namespace.clone().filter(|_| used)
        })
        .collect()
}

/// Adds the secret (type `kubernetes.io/dockerconfigjson`) with which a namespace pulls from `repository`,
/// and keeps the order of applying.
pub fn add_pull_secret(
    objects: &mut Vec<Object>,
    namespace: &Namespace,
    name: &str,
    repository: &str,
    token: &str,
) {
    objects.push(pull_secret(namespace, name, repository, token));
    order::sort(objects);
}

/// The secret of [`add_pull_secret`] by itself, for a namespace whose other objects stay as they are.
pub fn pull_secret(namespace: &Namespace, name: &str, repository: &str, token: &str) -> Object {
    let config = docker_config(repository, token);
    let value = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace.as_str()},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": BASE64_STANDARD.encode(config)},
    });
    Object {
        api_version: "v1".to_owned(),
        kind: "Secret".to_owned(),
        namespace: Some(namespace.clone()),
        name: name.to_owned(),
        location: Location {
            file: "(made for pulling images)".to_owned(),
            line: 1,
            column: 1,
        },
        positions: Positions::default(),
        is_ours: true,
        value,
    }
}

/// Any name does: the token is what counts.
const USER: &str = "towpath";

/// What a secret of type `kubernetes.io/dockerconfigjson` holds.
pub(crate) fn docker_config(repository: &str, token: &str) -> String {
    // The kubelet takes a key with a path for what lies beneath it, so that several projects of one
    // namespace pull with a token each.
    let auth = BASE64_STANDARD.encode(format!("{USER}:{token}"));
    let login = json!({"username": USER, "password": token, "auth": auth});
    json!({"auths": {repository: login}}).to_string()
}

/// A pod spec is where a list `containers` is, whatever the object's kind.
fn add_to_pods(value: &mut Value, repository: &str, name: &str) -> bool {
    match value {
        Value::Array(items) => items.iter_mut().fold(false, |used, item| {
            add_to_pods(item, repository, name) | used
        }),
        Value::Object(map) => {
            if !["containers", "initContainers"]
                .iter()
                .any(|key| runs(map.get(*key), repository))
            {
                return map.values_mut().fold(false, |used, value| {
                    add_to_pods(value, repository, name) | used
                });
            }
            let secrets = map.entry("imagePullSecrets").or_insert_with(|| json!([]));
            if let Value::Array(secrets) = secrets
                && !secrets.iter().any(|secret| secret["name"] == name)
            {
                secrets.push(json!({"name": name}));
            }
            true
        }
        _ => false,
    }
}

fn runs(containers: Option<&Value>, repository: &str) -> bool {
    let containers = containers.and_then(Value::as_array).into_iter().flatten();
    containers
        .filter_map(|container| container.get("image")?.as_str())
        .filter_map(|image| image.strip_prefix(repository))
        .any(|rest| rest.is_empty() || rest.starts_with([':', '@']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{parse, place};

    const REPOSITORY: &str = "towpath.example/hello";

    fn objects(text: &str) -> Vec<Object> {
        place(parse("a.yml", text).unwrap(), &"home".parse().unwrap()).unwrap()
    }

    fn used(text: &str) -> (Vec<Object>, Vec<String>) {
        let mut objects = objects(text);
        let used = use_pull_secret(&mut objects, REPOSITORY, "pull");
        let used = used.into_iter().map(|namespace| namespace.to_string());
        (objects, used.collect())
    }

    #[test]
    fn only_pods_with_our_image_get_it() {
        for (image, expected) in [
            ("towpath.example/hello@sha256:00", true),
            ("towpath.example/hello", true),
            ("towpath.example/hello2:1", false),
            ("towpath.example/hello/sub", false),
            ("docker.io/library/nginx", false),
        ] {
            let (objects, used) = used(&format!(
                "{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: a, namespace: jobs}}, spec: {{jobTemplate: {{spec: \
                 {{template: {{spec: {{containers: [{{name: a, image: '{image}'}}]}}}}}}}}}}}}"
            ));
            assert_eq!(!used.is_empty(), expected, "{image}");
            let job = objects
                .iter()
                .find(|object| object.kind == "CronJob")
                .unwrap();
            let secrets = "/spec/jobTemplate/spec/template/spec/imagePullSecrets/0/name";
            let name = job.value.pointer(secrets).and_then(Value::as_str);
            assert_eq!(name, expected.then_some("pull"), "{image}");
        }
    }

    #[test]
    fn secrets_that_are_there_stay_and_one_is_not_added_twice() {
        let text = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {imagePullSecrets: [{name: mine}], \
                    initContainers: [{name: i, image: towpath.example/hello:1}], containers: [{name: a, image: b}]}}";
        let (mut objects, used) = used(text);
        assert_eq!(used, ["home"]);
        use_pull_secret(&mut objects, REPOSITORY, "pull");
        let pod = objects.iter().find(|object| object.kind == "Pod").unwrap();
        assert_eq!(
            pod.value["spec"]["imagePullSecrets"],
            json!([{"name": "mine"}, {"name": "pull"}])
        );
    }

    #[test]
    fn the_secret_is_what_a_kubelet_reads_and_comes_before_its_users() {
        let mut objects = objects(
            "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: b}]}}",
        );
        let namespace = "home".parse().unwrap();
        add_pull_secret(&mut objects, &namespace, "pull", REPOSITORY, "t0ken");
        let kinds: Vec<&str> = objects.iter().map(|object| object.kind.as_str()).collect();
        assert_eq!(kinds, ["Namespace", "Secret", "Pod"]);
        let data = objects[1].value["data"][".dockerconfigjson"]
            .as_str()
            .unwrap();
        let config: Value = serde_json::from_slice(&BASE64_STANDARD.decode(data).unwrap()).unwrap();
        let login = &config["auths"][REPOSITORY];
        assert_eq!(login["password"], "t0ken");
        assert_eq!(login["auth"], BASE64_STANDARD.encode("towpath:t0ken"));
    }
}
