use proptest::prelude::*;
use serde_json::{Value, json};
use towpath_yaml::{Resolution, parse_with, stream_to_yaml, to_yaml};

fn check(value: Value, expect: &str) {
    assert_eq!(to_yaml(&value), expect);
    reads_back(&value);
}

fn reads_back(value: &Value) {
    let yaml = to_yaml(value);
    for resolution in [Resolution::GoYaml2, Resolution::GoYaml3] {
        let documents =
            parse_with("f.yml", &yaml, resolution).unwrap_or_else(|e| panic!("{e}\n{yaml}"));
        assert_eq!(documents.len(), 1, "{yaml}");
        assert_eq!(&documents[0].root.to_json(), value, "{yaml}");
    }
}

#[test]
fn quotes_what_would_be_another_type() {
    for text in [
        "",
        "~",
        "null",
        "true",
        "yes",
        "On",
        "y",
        "N",
        "1",
        "-1",
        "0x1",
        "0o7",
        "012",
        "1e3",
        "1.5",
        ".5",
        ".inf",
        ".nan",
        "12:30",
        "1:2:3.5",
        "2001-12-14",
        "1_000",
        "=",
        "<<",
        "0b1",
    ] {
        check(json!({"k": text}), &format!("k: \"{text}\"\n"));
    }
}

#[test]
fn quotes_what_would_be_syntax() {
    for text in [
        " a", "a ", "- a", "-", "a: b", "a:", "a #b", "#a", "[a", "{a", "*a", "&a", "!a", "|", ">",
        "%a", "@a", "`a", "?", ",a", "--- a", "...",
    ] {
        check(json!({"k": text}), &format!("k: '{text}'\n"));
    }
    check(json!({"k": "'a'"}), "k: '''a'''\n");
    check(
        json!({"k": "a\tb\u{7}\u{2028}\u{feff}"}),
        "k: \"a\\tb\\u0007\\u2028\\ufeff\"\n",
    );
}

#[test]
fn leaves_plain_what_is_plain() {
    for text in [
        "a",
        "a b",
        "-c",
        "--port",
        "a:b",
        "a#b",
        "nginx:1.25",
        "1.2.3",
        "http://x/y?z=[1]",
        "é",
        "a,b",
        "/x",
    ] {
        check(json!({"k": text}), &format!("k: {text}\n"));
    }
}

#[test]
fn writes_lines_as_literal_blocks() {
    check(json!({"k": "a\nb"}), "k: |-\n  a\n  b\n");
    check(json!({"k": "a\n\n b\n"}), "k: |\n  a\n\n   b\n");
    check(json!({"k": "a\n\n", "l": 1}), "k: |+\n  a\n\nl: 1\n");
    check(json!([["a\nb\n"]]), "- - |\n    a\n    b\n");
    check(json!({"k": " a\nb"}), "k: \" a\\nb\"\n");
    check(json!("a\nb\n"), "|\n  a\n  b\n");
}

#[test]
fn lays_out_as_kubectl_does() {
    let value = json!({"b": [{"x": 1, "y": [1, [2, 3]]}, []], "a": {"c": {}, "d": null}, "f": 1.5});
    let expect =
        "b:\n- x: 1\n  \"y\":\n  - 1\n  - - 2\n    - 3\n- []\na:\n  c: {}\n  d: null\nf: 1.5\n";
    check(value, expect);
    check(json!({}), "{}\n");
    let long = "k".repeat(200);
    check(
        json!({long.clone(): {"a": 1}}),
        &format!("? {long}\n:\n  a: 1\n"),
    );
    assert_eq!(
        stream_to_yaml([&json!({"a": 1}), &json!([2])]),
        "a: 1\n---\n- 2\n"
    );
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~\n]{0,12}",
        "[0-9xobe.:+_-]{0,8}",
        prop::sample::select(vec![
            "y", "no", "Off", "null", "~", "<<", "a\n", "\n", " \n", "\r\n", "\u{85}"
        ])
        .prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e300..1e300_f64).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn what_is_written_is_read_back(value in value()) {
        reads_back(&value);
    }
}
