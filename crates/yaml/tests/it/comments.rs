use std::time::{Duration, Instant};

use proptest::prelude::*;
use towpath_yaml::document_to_yaml;
use towpath_yaml::syntax::parse;

fn written(text: &str) -> String {
    let documents = parse("f.yml", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    document_to_yaml(&documents[0])
}

/// All of them as go-yaml writes them. The random texts of `kustomize` ask it for many more.
#[test]
fn comments_stay_with_their_nodes() {
    for (text, expected) in [
        (
            "# h\na: 1   # l\n# f\n\nb: 2\n",
            "# h\na: 1 # l\n# f\n\nb: 2\n",
        ),
        ("# doc\n\na: 1\n\n# end\n", "# doc\n\na: 1\n\n# end\n"),
        (
            "a:\n    b: 1\n    # b's\n# a's\nc: 2\n",
            "a:\n  b: 1\n  # b's\n# a's\nc: 2\n",
        ),
        ("# one\n- # two\n  a: 1\n", "# one\n- # two\n  a: 1\n"),
        ("[ # lost\n  a, # a's\n  b\n]\n", "[a, # a's\n  b]\n"),
        (
            "a: |  # mark\n   x\n# below\n",
            "a: | # mark\n  x\n# below\n",
        ),
        ("a:  # key\n    b: 1\n", "a: # key\n  b: 1\n"),
        ("a:  # key\n- 1\n", "a: # key\n- 1\n"),
        ("? a # key\n: 1 # value\n", "a: 1 # value\n"),
        ("--- # start\na: 1\n", "# start\na: 1\n"),
        ("a: 1 # l", "a: 1 # l\n"),
        ("\u{feff}# h\na: 1\n", "# h\na: 1\n"),
        ("a: 1\r\n# f\r\n\r\nb: 2\r\n", "a: 1\n# f\n\nb: 2\n"),
        (
            "a: &x 1 # anchor\nb: *x # alias\n",
            "a: &x 1 # anchor\nb: *x # alias\n",
        ),
    ] {
        assert_eq!(written(text), expected, "{text}");
    }
}

#[test]
fn go_yaml_looks_512_characters_ahead() {
    let text = |spaces| format!("a: 1\n# f\n{}\n\nb: 2\n", " ".repeat(spaces));
    assert_eq!(written(&text(400)), "a: 1\n# f\n\nb: 2\n");
    assert_eq!(written(&text(520)), "a: 1\n# f\nb: 2\n");
}

#[test]
fn hostile_comments_take_no_longer_than_others() {
    let staircase: String = (0..60)
        .chain((0..60).rev())
        .map(|depth| format!("{}# c\n", " ".repeat(depth)))
        .collect();
    let nested: String = (0..60)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    let texts = [
        format!("a: 1\n{}b: 2\n", "# c\n\n".repeat(50_000)),
        format!("{nested}{}b: 2\n", staircase.repeat(100)),
        format!("[{}]\n", "a, # c\n".repeat(50_000)),
        format!("a: 1 {}\n", "#".repeat(1 << 20)),
        format!(
            "a: 1\n{}b: 2\n",
            format!("#{}\n", " ".repeat(511)).repeat(2_000)
        ),
        format!("{}: 1 # c\n", "[".repeat(60) + &"]".repeat(60)).repeat(1_000),
        "- # c\n".repeat(50_000),
    ];
    for text in texts {
        let start = Instant::now();
        assert!(!written(&text).is_empty(), "{}", &text[..80]);
        assert!(start.elapsed() < Duration::from_secs(10), "{}", &text[..80]);
    }
}

proptest! {
    #[test]
    fn any_text_is_written_or_refused(text in "[-#a:\\[\\]{},'\"|>&*!?%. \n\t\r\u{e9}\u{85}\u{2028}\\\\]{0,60}") {
        for document in parse("f.yml", &text).unwrap_or_default() {
            prop_assert!(!document_to_yaml(&document).is_empty());
        }
    }
}
