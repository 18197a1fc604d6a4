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
        shares.built > 3 * shares.refused && shares.built > 20 * shares.documented,
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
        (None, Answer::Output(_)) => Comparison::Documented,
        (None, Answer::Refusal(_)) => Comparison::BothRefuse,
    }
}

/// None where we do not take the text, or what is in it has no known place.
fn written_again(text: &str) -> Option<String> {
    let documents = parse("text.yaml", text).ok()?;
    let [mut document] = <[_; 1]>::try_from(documents).ok()?;
    document.place_comments(text).ok()?;
    Some(document_to_yaml(&document).trim().to_owned())
}
