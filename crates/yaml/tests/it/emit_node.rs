use proptest::prelude::*;
use serde_json::Value;
use towpath_yaml::syntax::{self, Node};
use towpath_yaml::{Resolution, node_to_yaml, parse_with, to_yaml};

fn root(text: &str) -> Node {
    let mut documents =
        syntax::parse("f.yml", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    documents.remove(0).root
}

/// The corpus of `kustomize` holds what go-yaml itself answers; here is what each rule does alone.
#[test]
fn styles_stay_and_white_space_does_not() {
    for (text, written) in [
        ("a:   1\n\n\nb: 2", "a: 1\nb: 2\n"),
        (
            "a:\n    - b\n    - - c\n      - d\n",
            "a:\n- b\n- - c\n  - d\n",
        ),
        ("- - a\n  - b:\n    - c\n", "- - a\n  - b:\n    - c\n"),
        ("{a: 1,b: [x,  'y']}", "{a: 1, b: [x, 'y']}\n"),
        ("a: {b: }\nc:\n", "a: {b: ''}\nc:\n"),
        (
            "a: 'it''s'\nb: \"\\u00e9\\t\"\n",
            "a: 'it''s'\nb: \"é\\t\"\n",
        ),
        (
            "a: |\n      x\n\n      y\nb: >-\n  one\n  two\n",
            "a: |\n  x\n\n  y\nb: >-\n  one two\n",
        ),
        ("a: one\n  two\n", "a: one two\n"),
        ("a: []\nb: {}\n", "a: []\nb: {}\n"),
        ("x", "x\n"),
        (
            "a:   &x\n    b: 1\nc: *x\n<<:   *x\n",
            "a: &x\n  b: 1\nc: *x\n!!merge <<: *x\n",
        ),
        (
            "- &x\n  - &y ~\n- &z\n- [*x, *y , &e ]\n- &m {a: *z}\n",
            "- &x\n  - &y ~\n- &z\n- [*x, *y, &e '']\n- &m {a: *z}\n",
        ),
        ("&k a: &v b\n*k : *v\n", "&k a: &v b\n*k: *v\n"),
        (
            "a: 1\na: 2\n? [x]\n: y\n[]: z\n",
            "a: 1\na: 2\n? [x]\n: y\n[]: z\n",
        ),
        (
            "a: !a-b x\nb: !<tag:x,1:y> {}\nc: &s !!str 1\nd: ! 2\n",
            "a: !a-b x\nb: !<tag:x,1:y> {}\nc: &s !!str 1\nd: 2\n",
        ),
        ("a: .inf\nb: &loop [*loop]\n", "a: .inf\nb: &loop [*loop]\n"),
    ] {
        assert_eq!(node_to_yaml(&root(text)), written, "{text}");
    }
}

#[test]
fn a_new_text_keeps_the_type() {
    for (text, new, written) in [
        ("a: x", "1", Some("a: \"1\"\n")),
        ("a: 'x'", "1", Some("a: '1'\n")),
        ("a: 1", "2", Some("a: 2\n")),
        ("a: 1.5", "2", Some("a: !!float 2\n")),
        ("a: x", "b: c", Some("a: 'b: c'\n")),
        ("a: x", "b\nc", Some("a: |-\n  b\n  c\n")),
        ("a: x", "on", Some("a: on\n")),
        ("a: x", "<<", Some("a: <<\n")),
        ("a: 1", "x", None),
        ("a: true", "yes", None),
        ("a:", "x", None),
    ] {
        let mut root = root(text);
        let set = root.entries_mut().unwrap()[0].value.set_text(new);
        let result = set.is_ok().then(|| node_to_yaml(&root));
        assert_eq!(result.as_deref(), written, "{text} {new}");
    }
}

/// JSON without the characters that go-yaml does not read, or takes for line breaks.
fn escaped(json: &str) -> String {
    let is_unlike =
        |c| matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}'..='\u{ffff}');
    json.chars()
        .map(|c| match is_unlike(c) {
            true => format!("\\u{:04x}", u32::from(c)),
            false => c.to_string(),
        })
        .collect()
}

fn values() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[ -~\n\t]{0,12}",
        any::<String>(),
        Just("true".to_owned()),
        Just("\u{feff}x".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[ -~]{1,8}", inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_as_the_same(value in values(), in_brackets in any::<bool>()) {
        let text = match in_brackets {
            true => escaped(&value.to_string()),
            false => to_yaml(&value),
        };
        let written = node_to_yaml(&root(&text));
        let read = parse_with("f.yml", &written, Resolution::GoYaml3).unwrap();
        prop_assert_eq!(read[0].root.to_json(), value, "{}", written);
        prop_assert_eq!(node_to_yaml(&root(&written)), written);
    }
}
