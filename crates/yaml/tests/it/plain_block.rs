//! The short way gives the tree that the full parser gives.

use proptest::prelude::*;
use towpath_yaml::{Resolution, parse_1_2, parse_1_2_by_scanner, parse_by_scanner, parse_with};

fn check(text: &str) {
    for resolution in [Resolution::GoYaml2, Resolution::GoYaml3] {
        let short = parse_with("f.yaml", text, resolution);
        let full = parse_by_scanner("f.yaml", text, resolution);
        assert_eq!(short, full, "{text}");
        let short = parse_1_2("f.yaml", text, resolution);
        let full = parse_1_2_by_scanner("f.yaml", text, resolution);
        assert_eq!(short, full, "{text}");
    }
}

#[test]
fn small_files() {
    for text in [
        "",
        "\n# only a comment\n",
        "a: b",
        "a: b # c\n# d\n",
        "a:\nb:\n  - 1\n  -\n  - - x\n    - y: z\n      w: \"q\"\nc:\n- d\n- e: 'f'\n  g:\n",
        "---\na: 1\n---\n---\n# c\nb: {}\n---\n",
        "- a\n- b:c\n-   d:   e  \n",
        "a:\n\n  # deep\n  b: []  # c\n# d\n---\nc: 1\n",
        "a: -1\nb: --port=80\nc: 12:30\nd: .5\ne: 2001-02-03\nf: 0x1f\n",
        "a: 1\na: 2\n",
        "a: b\n  c\n",
        "a: 'it''s'\n",
        "y: 1\n",
        "a: \"b\"#c\n",
        "a: b#c\n",
        "  a: 1\n  b: 2\n",
        "a: 1\n b: 2\n",
        "- a\nb: c\n",
        "a:\n- b\n - c\n",
        "a: b: c\n",
        "a: b:\n",
        "a:\n  -\n    b: c\n",
        "a:\n-\n  b: c\n",
        "a\n",
        "---a: 1\n",
        "--- # c\na: 1\n",
        "a: ---\n",
        "a: [] b\n",
        "a: {b: c, d: [e, -1, f:g, 'h'], i: {}}\n",
        "a: [b, ]\nc: [d:]\n",
        "a: [b: c]\n",
        "a: {b}\n",
        "a: {b:c}\n",
        "a: [b c, d]\n",
        "a: [1, 2\n",
        "- {a: 1, a: 2}\n",
        "- { a: 1 }   # c\n- [ ]\n",
        "a: ''\nb: \"\"\n",
    ] {
        check(text);
    }
}

/// Lines of what manifests are made of, put together without sense.
fn lines() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a:",
        "b:",
        "c-d/e.f:",
        "- ",
        "-",
        "x",
        "1",
        "a: b",
        "b: 'q'",
        "c: \"r\" # s",
        "# t",
        "{}",
        "[]",
        "d: {}",
        "{a: b}",
        "[c,",
        "d]",
        "{e:",
        "f}",
        "[x, {y: 'z', w: []}]",
        ",",
        "---",
        "true",
        "a:b",
        "-1",
        ":",
        "#",
        "|",
        "&x",
        "*x",
        "!t",
        "..",
        "%",
        "?",
        "<<:",
        "1:",
        "y:",
        "e: ~",
        "f: null",
        "2001-02-03",
    ]);
    let line = (0usize..7, prop::collection::vec(part, 0..4), any::<bool>());
    let line = line.prop_map(|(indent, parts, spaced)| {
        let between = if spaced { " " } else { "" };
        format!("{}{}\n", " ".repeat(indent), parts.join(between))
    });
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.concat())
}

/// What stands in brackets, put together without sense.
fn brackets() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "[", "]", "{", "}", ", ", ",", "a: ", "b:", "c", "-", "-d", "1", "'q'", "\"r\"", " ",
        "e:f", "=h", "i@j", "(", ")$", "g/h", "#", "?", "/", ".",
    ]);
    let part = prop_oneof![
        part,
        prop::sample::select(vec!["[a, ", "{b: c, ", "], ", "}, "])
    ];
    let parts = prop::collection::vec(part, 0..9);
    (
        prop::sample::select(vec!["k: [", "k: {", "- {", "- ["]),
        parts,
    )
        .prop_map(|(start, parts)| format!("{start}{}\n", parts.concat()))
}

/// Trees that are right, mostly.
fn tree() -> impl Strategy<Value = Vec<String>> {
    let scalar = prop::sample::select(vec![
        "x", "1.5", "'q'", "\"r\"", "{}", "[]", "-z", "a:b", "", "w # c", "no",
    ]);
    let leaf = scalar.prop_map(|text| vec![text.to_owned()]);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let items = prop::collection::vec(inner.clone(), 1..4);
        let entries = prop::collection::vec((inner, 0usize..3), 1..4);
        prop_oneof![items.prop_map(list), entries.prop_map(mapping)]
    })
}

fn list(items: Vec<Vec<String>>) -> Vec<String> {
    let indented = items.into_iter().flat_map(|item| {
        let lines = item.into_iter().enumerate();
        lines.map(|(index, line)| format!("{}{line}", if index == 0 { "- " } else { "  " }))
    });
    indented.collect()
}

fn mapping(entries: Vec<(Vec<String>, usize)>) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, (value, indent)) in entries.into_iter().enumerate() {
        match value.as_slice() {
            [one] if !one.starts_with("- ") && !one.contains(": ") && !one.ends_with(':') => {
                lines.push(format!("k{index}: {one}"));
            }
            _ => {
                lines.push(format!("k{index}:"));
                lines.extend(
                    value
                        .iter()
                        .map(|line| format!("{}{line}", " ".repeat(indent))),
                );
            }
        }
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_lines(text in lines()) {
        check(&text);
    }

    #[test]
    fn random_brackets(text in brackets()) {
        check(&text);
    }

    #[test]
    fn random_trees(lines in tree()) {
        check(&(lines.join("\n") + "\n"));
    }
}
