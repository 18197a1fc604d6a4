use towpath_yaml::{Resolution, node_to_yaml, parse_with};

use super::*;

fn read(text: &str) -> Value {
    let documents = parse_with("", text, Resolution::GoYaml3).unwrap();
    Value::read("", &documents[0].root).unwrap()
}

fn write(value: &Value) -> String {
    node_to_yaml(&value.to_node())
}

/// Merges what is in a deployment.
fn deployment(object: &str, patch: &str) -> Result<Option<String>, String> {
    let head = "apiVersion: apps/v1\nkind: Deployment\n";
    let read = |text: &str| read(&format!("{head}{text}"));
    let mut links = Links::default();
    let merged = merge(read(object), read(patch), Schema::builtin(), &mut links)?;
    Ok(merged.map(|merged| write(&merged).strip_prefix(head).unwrap().to_owned()))
}

#[track_caller]
fn check(object: &str, patch: &str, expect: &str) {
    let merged = deployment(object, patch).unwrap().unwrap();
    assert_eq!(merged, expect);
}

/// The same of what is in the spec of its pods, whose lines are as they are in a file but for the indentation.
#[track_caller]
fn check_pod(object: &str, patch: &str, expect: &str) {
    let pod = |lines: &str| {
        let lines = lines.lines().map(|line| format!("      {line}\n"));
        format!(
            "spec:\n  template:\n    spec:\n{}",
            lines.collect::<String>()
        )
    };
    check(&pod(object), &pod(patch), &pod(expect));
}

#[test]
fn mappings_merge_and_nulls_delete() {
    check(
        "a: 1\nb: {c: 1, d: 2}\ngone:\nkept: ~\n",
        "a:\nb: {d: 3, \"e\": {f: }}\n",
        "b: {c: 1, d: 3, \"e\": {}}\nkept: ~\n",
    );
}

#[test]
fn the_styles_of_the_object_stay() {
    check(
        "a: 'x'\nb: {}\nc: []\nd: [1]\ne: x\n",
        "a: 1\nb:\n  x: 1\nc:\n- 1\nd:\n- 2\ne: \"on\"\n",
        "a: '1'\nb:\n  x: 1\nc:\n- 1\nd: [2]\ne: on\n",
    );
}

/// As upstream's: their key is a string without a tag, in the style of the patch's.
#[test]
fn new_entries_come_last_in_the_order_of_their_names() {
    check(
        "m: x\n",
        "z: {q: [a, ~]}\n'b': yes\n\"1\": z\n",
        "m: x\n\"1\": z\n'b': \"yes\"\nz: {q: [a, ~]}\n",
    );
}

#[test]
fn strings_that_yaml_1_1_reads_otherwise_get_quotes_wherever_they_are() {
    check(
        "a: {b: yes}\nl: [on]\n",
        "c: 1\n",
        "a: {b: \"yes\"}\nl: [on]\nc: 1\n",
    );
}

#[test]
fn lists_of_the_schema_merge_with_the_patch_first() {
    check_pod(
        "containers:\n- name: a\n  image: x\n- name: b",
        "containers:\n- name: b\n  image: z\n- name: c",
        "containers:\n- name: b\n  image: z\n- name: c\n- name: a\n  image: x",
    );
    check_pod(
        "containers:\n- name: a\n  args: [x]",
        "containers:\n- name: a\n  args:\n  - y",
        "containers:\n- name: a\n  args: [y]",
    );
}

/// A list that is made of a patch's elements is a new one. One of them without a name takes those behind it along.
#[test]
fn brackets_around_a_new_list_that_merges_go() {
    check_pod(
        "x: z",
        "\"volumes\": [{name: a, b: }, {}, {name: c}]\n\"args\": [a]",
        "x: z\n\"args\": [a]\nvolumes:\n- {name: a}",
    );
}

#[test]
fn directives_delete_and_replace() {
    check_pod(
        "containers:\n- name: a\n- name: b\nsecurityContext: {runAsUser: 1}",
        "containers:\n- name: a\n  $patch: delete\nsecurityContext:\n  $patch: replace\n  fsGroup: 2",
        "containers:\n- name: b\nsecurityContext: {fsGroup: 2}",
    );
    check_pod(
        "containers:\n- name: a\n- name: b",
        "containers:\n- $patch: replace\n- name: c",
        "containers:\n- name: c",
    );
    // An element that is to be replaced is not: upstream puts the old one back.
    check_pod(
        "containers:\n- name: a\n  args: [x]",
        "containers:\n- name: a\n  image: z\n  $patch: replace",
        "containers:\n- name: a\n  args: [x]",
    );
}

#[test]
fn directives_of_the_whole_object() {
    assert_eq!(deployment("a: 1\n", "$patch: delete\n"), Ok(None));
    // Upstream forgets what would take its place.
    check("a:\nb: 1\n", "$patch: replace\nb: 2\n", "a:\nb: 1\n");
}

/// An empty name is known by any, and a null by its text.
#[test]
fn odd_names_take_the_places_of_others() {
    check_pod(
        "containers:\n- name: null\n  image: a\n- name: null\n  image: b\n- name: \"\"\n  image: d\n- name: e",
        "containers:\n- name: e\n  image: e\n- name: null\n  image: patched",
        "containers:\n- name: \"\"\n  image: d\n- name: \"\"\n  image: d\n- name: e\n  image: e",
    );
}

/// With more than one key the order is the object's.
#[test]
fn ports_are_known_by_number_and_protocol() {
    check_pod(
        "containers:\n- name: a\n  ports:\n  - containerPort: 80\n    protocol: TCP\n  - containerPort: 80\n    protocol: UDP",
        "containers:\n- name: a\n  ports:\n  - containerPort: 80\n    protocol: UDP\n    name: u",
        "containers:\n- name: a\n  ports:\n  - containerPort: 80\n    protocol: TCP\n  - containerPort: 80\n    protocol: UDP\n    name: u",
    );
}

/// It is found for the port of both keys, and for the same again: the second time there is no directive any more.
#[test]
fn an_element_that_is_met_twice_is_deleted_once() {
    check_pod(
        "containers:\n- name: a\n  ports:\n  - {containerPort: 80, protocol: TCP}\n  - {containerPort: 80}",
        "containers:\n- name: a\n  ports:\n  - {containerPort: 80, protocol: TCP, $patch: delete}",
        "containers:\n- name: a\n  ports:\n  - {containerPort: 80}",
    );
}

#[test]
fn finalizers_are_a_set() {
    check(
        "metadata: {finalizers: [a, b, 1, 2]}\n",
        "metadata: {finalizers: [c, b, \"1\"]}\n",
        "metadata: {finalizers: [c, b, 1, a, 2]}\n",
    );
}

#[test]
fn problems_name_the_field() {
    assert_eq!(
        deployment(
            "spec: {template: {spec: {containers: []}}}",
            "spec: {template: {spec: {containers: {}}}}"
        ),
        Err("wrong node kind: expected SequenceNode but got MappingNode, in `spec.template.spec.containers`".to_owned())
    );
    assert_eq!(
        deployment(
            "spec: {template: {spec: {containers: [{name: a, x: {}}]}}}",
            "spec: {template: {spec: {containers: [{name: a, x: []}]}}}"
        ),
        Err("wrong node kind: expected MappingNode but got SequenceNode, in `spec.template.spec.containers.[a].x`".to_owned())
    );
    assert!(deployment("a: {}", "a: {$patch: eat}").is_err());
}
