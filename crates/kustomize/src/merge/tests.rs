use super::*;
use crate::value::json;

fn deployment(pod: Value) -> Value {
    let mut object = json!({"apiVersion": "apps/v1", "kind": "Deployment"});
    object["spec"]["template"]["spec"] = pod;
    object
}

/// Merges parts of a pod.
fn pod(object: Value, patch: Value) -> Result<Value, String> {
    let merged = merge(
        deployment(object),
        deployment(patch),
        Schema::builtin(),
        &mut Written::default(),
        &Written::default(),
    )?;
    Ok(merged.unwrap()["spec"]["template"]["spec"].take())
}

#[track_caller]
fn check(object: Value, patch: Value, expect: Value) {
    assert_eq!(pod(object, patch), Ok(expect));
}

#[test]
fn mappings_merge_and_nulls_delete() {
    check(
        json!({"a": 1, "b": {"c": 1, "d": 2}, "gone": null}),
        json!({"a": null, "b": {"d": 3, "e": {"f": null}}}),
        json!({"b": {"c": 1, "d": 3, "e": {}}}),
    );
}

#[test]
fn lists_of_the_schema_merge_with_the_patch_first() {
    check(
        json!({"containers": [{"name": "a", "image": "x"}, {"name": "b"}]}),
        json!({"containers": [{"name": "b", "image": "y"}, {"name": "c"}]}),
        json!({"containers": [{"name": "b", "image": "y"}, {"name": "c"}, {"name": "a", "image": "x"}]}),
    );
    check(
        json!({"containers": [{"name": "a", "args": ["x"]}]}),
        json!({"containers": [{"name": "a", "args": ["y"]}]}),
        json!({"containers": [{"name": "a", "args": ["y"]}]}),
    );
}

#[test]
fn directives_delete_and_replace() {
    check(
        json!({"containers": [{"name": "a"}, {"name": "b"}], "securityContext": {"runAsUser": 1}}),
        json!({"containers": [{"name": "a", "$patch": "delete"}], "securityContext": {"$patch": "replace", "fsGroup": 2}}),
        json!({"containers": [{"name": "b"}], "securityContext": {"fsGroup": 2}}),
    );
    check(
        json!({"containers": [{"name": "a"}, {"name": "b"}]}),
        json!({"containers": [{"$patch": "replace"}, {"name": "c"}]}),
        json!({"containers": [{"name": "c"}]}),
    );
    // An element that is to be replaced is not: upstream puts the old one back.
    check(
        json!({"containers": [{"name": "a", "args": ["x"]}]}),
        json!({"containers": [{"name": "a", "image": "y", "$patch": "replace"}]}),
        json!({"containers": [{"name": "a", "args": ["x"]}]}),
    );
}

#[test]
fn a_patch_can_delete_the_object() {
    let patch = json!({"$patch": "delete"});
    assert_eq!(
        merge(
            deployment(json!({})),
            patch,
            Schema::builtin(),
            &mut Written::default(),
            &Written::default(),
        ),
        Ok(None)
    );
}

/// With more than one key the order is the object's.
#[test]
fn ports_are_known_by_number_and_protocol() {
    check(
        json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "UDP"}]}]}),
        json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "protocol": "UDP", "name": "u"}]}]}),
        json!({"containers": [{"name": "a", "ports": [
            {"containerPort": 80, "protocol": "TCP"},
            {"containerPort": 80, "protocol": "UDP", "name": "u"},
        ]}]}),
    );
}

#[test]
fn finalizers_are_a_set() {
    let object = |finalizers: Value| {
        let mut object = json!({"apiVersion": "v1", "kind": "Pod"});
        object["metadata"]["finalizers"] = finalizers;
        object
    };
    let merged = merge(
        object(json!(["a", "b"])),
        object(json!(["c", "b"])),
        Schema::builtin(),
        &mut Written::default(),
        &Written::default(),
    );
    assert_eq!(merged, Ok(Some(object(json!(["c", "b", "a"])))));
}

#[test]
fn problems_name_the_field() {
    assert_eq!(
        pod(json!({"containers": []}), json!({"containers": {}})).unwrap_err(),
        "wrong node kind: expected SequenceNode but got MappingNode, in `spec.template.spec.containers`"
    );
    assert!(pod(json!({"a": {}}), json!({"a": {"$patch": "eat"}})).is_err());
}
