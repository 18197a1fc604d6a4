use proptest::prelude::*;
use towpath_yaml::{parse, to_yaml};

fn error(yaml: &str) -> String {
    parse("f.yml", yaml).unwrap_err().to_string()
}

#[test]
fn alias_bombs_are_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let previous = format!("*a{}, ", level - 1).repeat(9);
        bomb.push_str(&format!("a{level}: &a{level} [{previous}]\n"));
    }
    assert!(error(&bomb).ends_with("the file has more than 1000000 values, aliases expanded"));

    let text = "x".repeat(1 << 20);
    let large = format!("a: &a {text}\nb: [{}]", "*a, ".repeat(1000));
    assert!(error(&large).ends_with("bytes of text, aliases expanded"));
}

#[test]
fn deep_nesting_is_refused() {
    assert!(error(&"[".repeat(100_000)).contains("recursion limit"));
    let closed = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert!(error(&closed).contains("nested deeper than 128"));
    assert!(error(&"- ".repeat(10_000)).contains("nested deeper than 128"));
    let mut deep = String::from("a0: &a0 [x]\n");
    for level in 1..200 {
        deep.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert!(error(&deep).contains("nested deeper than 128"));
}

#[test]
fn a_large_file_is_refused() {
    assert!(error(&"#".repeat((16 << 20) + 1)).contains("more than 16777216"));
}

#[test]
fn long_comments_are_fine() {
    let licence = "# line\n".repeat(1000);
    assert_eq!(
        parse("f.yml", &format!("a:\n{licence}- 1\n"))
            .unwrap()
            .len(),
        1
    );
}

proptest! {
    #[test]
    fn any_text_ends_in_documents_or_a_diagnostic(text in "[ -~\n\t\u{e9}\r]{0,200}") {
        if let Ok(documents) = parse("f.yml", &text) {
            for document in documents {
                to_yaml(&document.root.to_json());
            }
        }
    }

    #[test]
    fn yaml_like_text_ends_in_documents_or_a_diagnostic(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "a", ": ", "- ", "\n", "  ", "[", "]", "{", "}", ",", "&x ", "*x", "<<", "|\n", "'", "\"",
                "!!int ", "---\n", "# c\n", "? ", "1", "~", "%YAML 1.2\n", "\t", "...\n",
            ]),
            0..60,
        )
    ) {
        let _ = parse("f.yml", &parts.concat());
    }
}
