use serde_json::json;
use towpath_yaml::{Kind, Resolution, Style, parse, parse_with};

fn check(yaml: &str, expect: serde_json::Value) {
    let documents = parse("f.yml", yaml).unwrap();
    assert_eq!(documents.len(), 1, "{yaml}");
    assert_eq!(documents[0].root.to_json(), expect, "{yaml}");
}

fn check_error(yaml: &str, expect: &str) {
    assert_eq!(parse("f.yml", yaml).unwrap_err().to_string(), expect);
}

#[test]
fn reads_values() {
    check(
        "a: 1\nb: [x, 'y', \"\\n\"]\nc: {d: }",
        json!({"a": 1, "b": ["x", "y", "\n"], "c": {"d": null}}),
    );
    check(
        "a: |\n  x\n   y\nb: >-\n  x\n  y\n",
        json!({"a": "x\n y\n", "b": "x y"}),
    );
    check(
        "- 0777\n- '0777'\n- 1.0\n- 2001-12-14\n",
        json!([511, "0777", 1.0, "2001-12-14"]),
    );
    check("!!str 12", json!("12"));
    check("!!float 12", json!(12.0));
    check("!Ref x", json!("x"));
    check("on: yes", json!({"true": true}));
    check(
        "18446744073709551615",
        json!(18_446_744_073_709_551_615_u64),
    );
    check("\u{feff}a: 1\r\nb: 2\r\n", json!({"a": 1, "b": 2}));
}

#[test]
fn version_three_keeps_old_booleans_as_strings() {
    let documents = parse_with("f.yml", "on: yes", Resolution::GoYaml3).unwrap();
    assert_eq!(documents[0].root.to_json(), json!({"on": "yes"}));
}

#[test]
fn expands_aliases_and_merge_keys() {
    check("a: &x [1]\nb: *x", json!({"a": [1], "b": [1]}));
    check(
        "base: &b {x: 1, w: 2}\nmore: &m {x: 3, z: 4}\nuse:\n  w: 0\n  <<: [*b, *m]\n",
        json!({"base": {"x": 1, "w": 2}, "more": {"x": 3, "z": 4}, "use": {"w": 0, "x": 1, "z": 4}}),
    );
    check("'<<': 1", json!({"<<": 1}));
}

#[test]
fn an_anchor_ends_with_its_document() {
    check_error(
        "a: &x 1\n---\nb: *x\n",
        "f.yml:3:4: not valid YAML: while parsing node, found unknown anchor",
    );
}

#[test]
fn reads_many_documents() {
    let documents = parse("f.yml", "# one\na: 1\n---\n---\n# two\nb: 2 # three\n").unwrap();
    let roots: Vec<_> = documents.iter().map(|d| d.root.to_json()).collect();
    assert_eq!(roots, [json!({"a": 1}), json!(null), json!({"b": 2})]);
    let comments: Vec<_> = documents[2]
        .comments
        .iter()
        .map(|c| c.text.as_str())
        .collect();
    assert_eq!(comments, [" two", " three"]);
    assert!(parse("f.yml", "# nothing\n").unwrap().is_empty());
}

#[test]
fn knows_where_things_stand() {
    let text = "é: x\nlist:\n  - 'a b'\n  - {k: v}\n";
    let documents = parse("f.yml", text).unwrap();
    let root = &documents[0].root;
    let quoted = root.at(&["list", "0"]).unwrap();
    assert_eq!(quoted.location("f.yml").to_string(), "f.yml:3:5");
    assert_eq!(&text[quoted.span().bytes.clone()], "'a b'");
    assert_eq!(quoted.style(), Style::SingleQuoted);
    assert_eq!(
        root.at(&["list", "1", "k"]).unwrap().kind(),
        Kind::String("v")
    );
    assert_eq!(
        root.get("é").unwrap().location("f.yml").to_string(),
        "f.yml:1:4"
    );
    assert_eq!(root.at(&["list", "2"]), None);
}

#[test]
fn refuses_what_go_yaml_or_json_refuses() {
    check_error(
        "a: 1\nb: 2\na: 3\n",
        "f.yml:3:1: key `a` appears twice in this mapping",
    );
    check_error(
        "on: 1\nyes: 2\n",
        "f.yml:2:1: key `yes` appears twice in this mapping",
    );
    check_error(
        "[a]: 1\n",
        "f.yml:1:1: expected a string as key, found a list",
    );
    check_error(
        "~: 1\n",
        "f.yml:1:1: expected a string as key, found nothing",
    );
    check_error(
        "a: .inf\n",
        "f.yml:1:4: `.inf` is a number that JSON cannot carry; quote it if it is meant as a string",
    );
    check_error("a: !!int x\n", "f.yml:1:10: cannot read !!str `x` as !!int");
    check_error(
        "a:\n  <<: 3\n",
        "f.yml:2:7: `<<` merges a mapping or a list of mappings; quote it if it is meant as a key",
    );
    check_error(
        "a: &x [*x]\n",
        "f.yml:1:8: the alias stands inside its own anchor",
    );
}

/// As go-yaml reads the `|-` block of a file that holds another file.
#[test]
fn a_block_scalar_at_the_end_of_a_file_without_a_line_break_has_none() {
    for (yaml, text) in [
        ("a: |\n  x\n  y", "x\ny"),
        ("a: |\n  x\n", "x\n"),
        ("a: |\n  x\n\n  ", "x\n"),
        ("a: >\n  x", "x"),
    ] {
        check(yaml, json!({ "a": text }));
    }
}
