//! Texts of YAML with comments wherever a line ends, written again by us and by upstream.

mod shapes;
mod writing;

use std::panic::catch_unwind;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use towpath_yaml::document_to_yaml;
use towpath_yaml::syntax::parse;

use super::judge::{Answer, Judge};
use super::{CASES, Comparison, Shares};

#[test]
fn comments_in_random_texts_stand_where_upstream_puts_them() {
    let texts = shapes::text().prop_map(|text| writing::written(&text));
    let Some(shares) = compared(texts) else {
        return;
    };
    assert!(
        shares.built > 3 * shares.refused && shares.built > 20 * shares.documented(),
        "texts that nobody writes prove little: {shares:?}"
    );
}

/// Most of them are no YAML, and the others none that somebody would write.
#[test]
fn random_pieces_are_written_as_upstream_writes_them() {
    let texts = vec(select(PIECES), 0..20).prop_map(|pieces| pieces.concat());
    let shares = compared(texts);
    assert!(shares.is_none_or(|shares| shares.built > CASES / 50));
}

const PIECES: &[&str] = &[
    "a:", "b: ", "- ", "-", "? ", ": ", "[", "]", "{", "}", ", ", ",", "x", "'y'", "\"z\"", "|\n",
    ">-\n", "&n ", "!t ", "#", " # c", "# d\n", "\n", "\n", "\n  ", "\n  ", "\n    ", " ", "\t",
    "\n\n", "---\n", "...\n", "\r\n",
];

/// The same with what YAML 1.1 and 1.2 take for different things, and what few readers agree about.
#[test]
fn random_pieces_of_yaml_1_1_are_written_as_upstream_writes_them() {
    let pieces = || select([PIECES, STRANGE_PIECES].concat());
    let lines = vec(vec(pieces(), 0..4), 1..6).prop_map(|lines| {
        let lines: Vec<String> = lines.iter().map(|line| line.concat()).collect();
        lines.join("\n")
    });
    let texts = prop_oneof![
        vec(pieces(), 0..20).prop_map(|pieces| pieces.concat()),
        lines.prop_map(|text| format!("a: {text}")),
        vec(pieces(), 0..8).prop_map(|pieces| format!("[{}]", pieces.concat())),
        vec(pieces(), 0..8).prop_map(|pieces| format!("{{a: {}}}", pieces.concat())),
        vec(pieces(), 0..8).prop_map(|pieces| format!("\"{}\"", pieces.concat())),
        vec(pieces(), 0..8).prop_map(|pieces| format!("- '{}'", pieces.concat())),
        vec(pieces(), 0..8).prop_map(|pieces| format!("a: |\n  {}", pieces.concat())),
        vec(pieces(), 0..8).prop_map(|pieces| format!(">\n {}", pieces.concat())),
    ];
    let shares = compared(texts);
    assert!(shares.is_none_or(|shares| shares.built > CASES / 50));
}

/// Scalars in the file of an object.
#[test]
fn scalars_of_yaml_1_1_are_read_as_upstream_reads_them() {
    let text = vec(select(SCALAR_PIECES), 0..8).prop_map(|pieces| pieces.concat());
    let forms = &[
        "x{}",
        "'x{}'",
        "\"x{}\"",
        "|\n    x{}",
        ">-\n    x{}",
        "|+\n    x{}",
        "[x{}]",
        "{k: x{}}",
        "!!str x{}",
        "&n x{} # c",
        "? x{}\n    : y",
    ];
    let files = (text, select(&forms[..])).prop_map(|(text, form)| {
        let value = form.replace("{}", &text);
        let object = format!("kind: A\nmetadata: {{name: a}}\nspec:\n  b: {value}\n");
        let files = [
            ("app.yaml", object),
            ("kustomization.yaml", "resources: [app.yaml]\n".to_owned()),
        ];
        let named = files.map(|(name, text)| (format!("overlay/{name}"), text.into_bytes()));
        named.into_iter().collect()
    });
    let shares = super::compared(files, super::built, super::shown);
    assert!(shares.is_none_or(|shares| shares.built > shares.refused / 2));
}

const SCALAR_PIECES: &[&str] = &[
    "y",
    " ",
    " ",
    "z z",
    "\n    ",
    "\n\n    ",
    "\n     ",
    "\u{85}    ",
    "\u{85}\u{85}    ",
    "\r\n    ",
    "\\x41",
    "\\u00e9",
    "\\\n    ",
    "\\\u{85}    ",
    "\\t",
    "\\/",
    "a?",
    "#",
    " #",
    "''",
    ":",
    "é",
    "\u{1f600}",
    "\u{a0}",
    "-",
    "b*",
    "b&",
    "b!",
    ",",
    "\u{7f}",
    "1",
    "%",
    "\u{2028}    ",
    "\u{2029}    ",
    "\\L",
    "\\P",
    "\\n",
    "\u{2028}     ",
];

const STRANGE_PIECES: &[&str] = &[
    "\u{85}",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{85} ",
    "\u{2028}  ",
    "\u{7f}",
    "\u{a0}",
    "é",
    "\u{1f600}",
    "\\/",
    "\\",
    "\\N",
    "\\L",
    "\\x41",
    "\\u00e9",
    "\\\n",
    "\\\u{85}",
    "\\U0001f600",
    "'",
    "\"",
    "''",
    "!",
    "! ",
    "!!",
    "!!str ",
    "!!int ",
    "!e!b ",
    "!<t> ",
    "!%41",
    "!<!> ",
    "%C3%A9",
    "%",
    "%YAML 1.1\n",
    "%TAG !e! x:\n",
    "%TAG ! y\n",
    "---",
    "--- ",
    "...",
    "|2-\n",
    ">+1\n",
    "|+",
    ">",
    "|",
    "*n",
    "*n ",
    "&n",
    "@",
    "`",
    "<<: ",
    "?",
    ":",
    "1",
    "~",
    "true",
    "2001-01-01",
    "\r",
    "  ",
    "   ",
    "x#y",
    "#",
    " #",
];

fn compared(texts: impl Strategy<Value = String>) -> Option<Shares> {
    let judged = |judge: &mut Judge, text: &String| compare(text, &judge.ask_text(text));
    super::compared(texts, judged, |text, difference| {
        format!("{text:?}\n{difference}")
    })
}

fn compare(text: &str, answer: &Answer) -> Comparison {
    let Ok(written) = catch_unwind(|| written_again(text)) else {
        return Comparison::Differ("ours panics".to_owned());
    };
    match (written, answer) {
        (Some(ours), Answer::Output(theirs)) if ours == *theirs => Comparison::BothBuild,
        (Some(ours), Answer::Output(theirs)) => {
            Comparison::Differ(format!("--- ours\n{ours}\n--- upstream's\n{theirs}"))
        }
        (Some(_), Answer::Refusal(reason)) => {
            Comparison::Differ(format!("upstream refuses: {reason}"))
        }
        (None, Answer::Output(_)) => Comparison::Documented("a text that is not read"),
        (None, Answer::Refusal(_)) => Comparison::BothRefuse,
        (_, Answer::Crash) => Comparison::Crash,
    }
}

/// The first document, which is what upstream reads. None where we do not take the text.
fn written_again(text: &str) -> Option<String> {
    let documents = parse("text.yaml", text).ok()?;
    let written = document_to_yaml(documents.first()?);
    Some(written.trim().to_owned())
}
