//! What is wrong with an object, in the server's view, and what to do about it.

use kube::core::Status;
use kube::core::response::StatusCause;
use towpath_model::{Diagnostic, Location};

use super::failure::said;
use super::ownership::OVERRIDE;
use crate::object::Object;

/// One diagnostic a cause, at the field that the server names.
pub(super) fn diagnose(object: &Object, status: &Status) -> Vec<Diagnostic> {
    let causes = status
        .details
        .as_ref()
        .map(|details| details.causes.as_slice())
        .unwrap_or_default();
    let found: Vec<Diagnostic> = match status.reason.as_str() {
        "Conflict" => causes
            .iter()
            .filter(|cause| cause.reason == "FieldManagerConflict")
            .map(|cause| conflict(object, cause))
            .collect(),
        "Invalid" => causes.iter().map(|cause| invalid(object, cause)).collect(),
        _ => Vec::new(),
    };
    match found.is_empty() {
        true => vec![whole(object, &said(status))],
        false => found,
    }
}

/// Whether the namespace is being deleted (`NamespaceTerminatingCause`).
pub(super) fn is_namespace_terminating(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes
        .into_iter()
        .any(|cause| cause.reason == "NamespaceTerminating")
        || status.message.contains("because it is being terminated")
}

/// Of a cause `conflict with "kubectl-client-side-apply" using apps/v1`, with the field.
fn conflict(object: &Object, cause: &StatusCause) -> Diagnostic {
    let manager = cause.message.split('"').nth(1).unwrap_or("somebody else");
    let field = cause.field.trim_start_matches('.');
    let message = format!(
        "{}: `{field}` is managed by {manager}, and it is not taken from it",
        object.id().for_people()
    );
    Diagnostic::new(place(object, field), message).help(format!(
        "remove `{field}` here to leave it to {manager}; or take such fields over, with the annotation \
         {OVERRIDE} on this object"
    ))
}

fn invalid(object: &Object, cause: &StatusCause) -> Diagnostic {
    let field = cause.field.as_str();
    if field.is_empty() {
        return whole(object, &cause.message);
    }
    let message = format!(
        "{}: `{field}`: {}",
        object.id().for_people(),
        without_value(&cause.message)
    );
    let diagnostic = Diagnostic::new(place(object, field), message);
    match is_immutable(&cause.message) {
        true => diagnostic.help(of_immutable(object)),
        false => diagnostic,
    }
}

/// An immutable selector is told with its whole value, as Go prints it.
fn without_value(message: &str) -> String {
    let Some((before, rest)) = message.split_once("Invalid value: ") else {
        return message.to_owned();
    };
    if rest.len() <= 200 {
        return message.to_owned();
    }
    let why = rest.rsplit_once(": ").map_or(rest, |(_, why)| why);
    format!("{before}Invalid value: {why}")
}

fn is_immutable(message: &str) -> bool {
    [
        "field is immutable",
        "may not change",
        "may not be changed",
        "are forbidden",
        "is immutable after creation",
        "spec is immutable",
    ]
    .iter()
    .any(|words| message.contains(words))
}

fn of_immutable(object: &Object) -> String {
    let id = object.id();
    let within = id
        .namespace
        .as_ref()
        .map(|namespace| format!(" -n {namespace}"))
        .unwrap_or_default();
    let delete = format!(
        "kubectl delete {}{within} {}",
        id.kind.to_lowercase(),
        id.name
    );
    match id.kind.as_str() {
        "Job" => format!(
            "a Job runs once and cannot be changed: give it another name for another run, or delete the \
             old one first ({delete})"
        ),
        "Deployment" | "DaemonSet" | "ReplicaSet" => format!(
            "a selector cannot be changed: keep the old one, or delete the {} first ({delete}), which ends \
             its pods",
            id.kind
        ),
        "StatefulSet" => format!(
            "only replicas, template, updateStrategy and a few others can be changed: keep the rest, or \
             delete the StatefulSet and keep its pods ({delete} --cascade=orphan), and deploy again"
        ),
        "Service" => "keep the address, or leave it out: the cluster chooses one".to_owned(),
        "PersistentVolumeClaim" => {
            "only a larger size can be asked of a claim; make another claim, and move the data"
                .to_owned()
        }
        _ => format!("keep the old value, or delete the object first ({delete})"),
    }
}

fn whole(object: &Object, said: &str) -> Diagnostic {
    let message = format!("{}: {said}", object.id().for_people());
    let diagnostic = Diagnostic::new(object.location.clone(), message);
    match help(object, said) {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

fn help(object: &Object, said: &str) -> Option<String> {
    let namespace = object.namespace.as_ref();
    let namespace = namespace.map(ToString::to_string).unwrap_or_default();
    if let Some(help) = what_to_do(&namespace, said) {
        Some(help)
    } else if said.contains("field not declared in schema") || said.contains("unknown field") {
        Some("is the field spelled right, and does this apiVersion have it?".to_owned())
    } else if said.contains("field is immutable") || said.contains("spec is immutable") {
        Some(of_immutable(object))
    } else {
        None
    }
}

/// About what keeps any object from being made, pods that a controller wants to make among them.
pub(super) fn what_to_do(namespace: &str, said: &str) -> Option<String> {
    if said.contains("exceeded quota") || said.contains("failed quota") {
        Some(format!(
            "ask for less, delete what is not needed, or raise the quota: kubectl describe quota -n {namespace}"
        ))
    } else if let Some(webhook) = between(said, "admission webhook \"", "\"") {
        Some(format!(
            "the cluster's admission webhook {webhook} has refused it: change the object as it asks, or ask \
             whoever runs the webhook"
        ))
    } else if let Some(webhook) = between(said, "failed calling webhook \"", "\"") {
        Some(format!(
            "the cluster's admission webhook {webhook} does not answer: whoever runs it has to look"
        ))
    } else if let Some(policy) = between(said, "ValidatingAdmissionPolicy '", "'") {
        Some(format!(
            "the cluster's policy {policy} has refused it: change the object as it asks, or ask whoever keeps \
             the policy"
        ))
    } else if said.contains("violates PodSecurity") {
        Some(format!(
            "set the container's securityContext as asked, or the namespace's label \
             pod-security.kubernetes.io/enforce: kubectl get namespace {namespace} --show-labels"
        ))
    } else {
        let account = between(said, "serviceaccount \"", "\" not found")?;
        Some(format!(
            "put the ServiceAccount {account} beside it, or name one that is there: kubectl get \
             serviceaccounts -n {namespace}"
        ))
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(name, _)| name)
}

/// Where a field that the server names stands: `spec.template.spec.containers[0].image`,
/// `.spec.template.spec.containers[name="web"].image`.
fn place(object: &Object, field: &str) -> Location {
    object.locate(&pointer(object, field))
}

fn pointer(object: &Object, field: &str) -> String {
    let mut pointer = String::new();
    for step in steps(field) {
        let next = match step.strip_prefix('[') {
            Some(key) => format!("{pointer}/{}", index(object, &pointer, key)),
            None => format!("{pointer}/{}", crate::object::pointer_step(&step)),
        };
        pointer = next;
    }
    pointer
}

/// `a.b[0].c` is `a`, `b`, `[0`, `c`; a dot within brackets belongs to what is in them.
fn steps(field: &str) -> Vec<String> {
    let (mut steps, mut step, mut inside) = (Vec::new(), String::new(), false);
    for c in field.chars() {
        match c {
            '.' if !inside => steps.push(std::mem::take(&mut step)),
            '[' if !inside => {
                steps.push(std::mem::take(&mut step));
                inside = true;
                step.push('[');
            }
            ']' if inside => inside = false,
            c => step.push(c),
        }
    }
    steps.push(step);
    steps.retain(|step| !step.is_empty());
    steps
}

/// The index of a list's item: as it is, or by a key, `name="web"`.
fn index(object: &Object, list: &str, key: &str) -> String {
    let Some((name, value)) = key.split_once('=') else {
        return key.to_owned();
    };
    let value = value.split(',').next().unwrap_or(value).trim_matches('"');
    let items = object.value.pointer(list).and_then(|list| list.as_array());
    let found = items.and_then(|items| {
        items.iter().position(|item| {
            item.get(name).is_some_and(|found| match found.as_str() {
                Some(text) => text == value,
                None => found.as_i64() == value.parse().ok(),
            })
        })
    });
    found.map_or_else(|| key.to_owned(), |index| index.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: hello}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    spec:
      containers:
      - name: web
        image: a
";

    fn web() -> Object {
        crate::manifest::parse("k8s/web.yaml", WEB)
            .unwrap()
            .remove(0)
    }

    #[track_caller]
    fn check(status: serde_json::Value, expected: &[&str]) {
        let status: Status = serde_json::from_value(status).unwrap();
        let found: Vec<String> = diagnose(&web(), &status)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn conflicts_name_the_other_manager_and_the_field() {
        check(
            json!({"code": 409, "reason": "Conflict", "message": "Apply failed with 1 conflict: ...",
                "details": {"causes": [{"reason": "FieldManagerConflict",
                    "message": "conflict with \"kubectl\" using apps/v1", "field": ".spec.replicas"}]}}),
            &[
                "k8s/web.yaml:5:3: Deployment hello/web: `spec.replicas` is managed by kubectl, and it is not \
               taken from it; remove `spec.replicas` here to leave it to kubectl; or take such fields over, \
               with the annotation kustomize.toolkit.fluxcd.io/ssa: Override on this object",
            ],
        );
        check(
            json!({"code": 409, "reason": "Conflict", "details": {"causes": [{"reason": "FieldManagerConflict",
                "message": "conflict with \"other\"",
                "field": ".spec.template.spec.containers[name=\"web\"].image"}]}}),
            &["k8s/web.yaml:11:9: Deployment hello/web: \
               `spec.template.spec.containers[name=\"web\"].image` is managed by other, and it is not taken \
               from it; remove `spec.template.spec.containers[name=\"web\"].image` here to leave it to \
               other; or take such fields over, with the annotation kustomize.toolkit.fluxcd.io/ssa: \
               Override on this object"],
        );
    }

    #[test]
    fn an_immutable_field_says_what_to_do() {
        check(
            json!({"code": 422, "reason": "Invalid", "details": {"causes": [{"reason": "FieldValueInvalid",
                "message": "Invalid value: {\"matchLabels\":{\"app\":\"b\"}}: field is immutable",
                "field": "spec.selector"}]}}),
            &[
                "k8s/web.yaml:6:3: Deployment hello/web: `spec.selector`: Invalid value: \
               {\"matchLabels\":{\"app\":\"b\"}}: field is immutable; a selector cannot be changed: keep the \
               old one, or delete the Deployment first (kubectl delete deployment -n hello web), which ends \
               its pods",
            ],
        );
    }

    #[test]
    fn quotas_webhooks_and_typos_say_what_to_do() {
        let cases = [
            (
                "pods \"a\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1",
                "kubectl describe quota -n hello",
            ),
            (
                "admission webhook \"no.example.com\" denied the request: no",
                "admission webhook no.example.com has refused it",
            ),
            (
                "Internal error occurred: failed calling webhook \"a.b\": no endpoints",
                "webhook a.b does not answer",
            ),
            (
                "pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": x",
                "securityContext",
            ),
            (
                "error looking up service account hello/nobody: serviceaccount \"nobody\" not found",
                "put the ServiceAccount nobody beside it",
            ),
            (
                "failed to create typed patch object (hello/web; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema",
                "spelled right",
            ),
        ];
        for (message, expected) in cases {
            let status: Status = serde_json::from_value(
                json!({"code": 403, "reason": "Forbidden", "message": message}),
            )
            .unwrap();
            let found = diagnose(&web(), &status)[0].to_string();
            assert!(
                found.contains(message) && found.contains(expected),
                "{found}"
            );
        }
    }
}
