//! What stands in a text.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) before: Option<&'static str>,
    /// Above the first line.
    pub(crate) above: Vec<Line>,
    pub(crate) root: Shape,
    /// What stands at the end of the first line, of the second one and so on, and below it.
    pub(crate) ends: Vec<End>,
    pub(crate) after: Option<&'static str>,
    pub(crate) line_break: &'static str,
    pub(crate) ends_with_break: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// With line breaks where the next line of the scalar begins.
    Scalar(&'static str),
    /// Values on lines of their own are indented by so much.
    Mapping(usize, Vec<(Key, Shape)>),
    /// The same. A list that is not indented at all stands directly below its key.
    Sequence(usize, Vec<Shape>),
    /// Before an entry, and before the end, may be a line break.
    Braces(Vec<(&'static str, Shape, bool)>, bool),
    Brackets(Vec<(Shape, bool)>, bool),
    /// With a tag or an anchor.
    With(&'static str, Box<Shape>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Key {
    Simple(&'static str),
    /// Behind a `?`.
    Long(&'static str),
}

#[derive(Clone, Debug)]
pub(crate) struct End {
    /// White space and a comment.
    pub(crate) comment: Option<(&'static str, &'static str)>,
    pub(crate) below: Vec<Line>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Line {
    /// With so many spaces.
    Empty(usize),
    /// In this column.
    Comment(usize, &'static str),
}

pub(crate) fn text() -> impl Strategy<Value = Text> {
    let before = select(
        &[
            "\u{feff}",
            "---",
            "%YAML 1.1\n---",
            "--- # start",
            "--- ",
            "%YAML 1.1 # x\n---",
        ][..],
    );
    let after = select(&["...", "... # end", "...\n# below"][..]);
    let line_break = prop_oneof![
        24 => Just("\n"),
        2 => Just("\r\n"),
        2 => Just("\r"),
        2 => select(&["\u{85}", "\u{2028}", "\u{2029}"][..]),
    ];
    let around = (
        option::weighted(0.1, before),
        option::weighted(0.1, after),
        line_break,
        any::<bool>(),
    );
    let content = (lines(), shape(), vec(end(), 0..32));
    (around, content).prop_map(|(around, (above, root, ends))| {
        let (before, after, line_break, ends_with_break) = around;
        Text {
            before,
            above,
            root,
            ends,
            after,
            line_break,
            ends_with_break,
        }
    })
}

fn end() -> impl Strategy<Value = End> {
    let space =
        prop_oneof![6 => select(&[" ", "  "][..]), 1 => select(&["\t", " \t ", "   \t", ""][..])];
    let comment = option::weighted(0.3, (space, comment()));
    (comment, lines()).prop_map(|(comment, below)| End { comment, below })
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let spaces = prop_oneof![40 => Just(0), 10 => 0..5_usize, 1 => 500..530_usize];
    let line = prop_oneof![
        2 => spaces.prop_map(Line::Empty),
        4 => (column(), comment()).prop_map(|(column, text)| Line::Comment(column, text)),
    ];
    prop_oneof![3 => Just(Vec::new()), 2 => vec(line, 1..5)]
}

fn column() -> impl Strategy<Value = usize> {
    prop_oneof![
        3 => Just(0),
        4 => (0..4_usize).prop_map(|level| 2 * level),
        3 => 0..9_usize,
    ]
}

fn comment() -> impl Strategy<Value = &'static str> {
    let usual = select(&["# c", "#", "#x ", "## - a: b"][..]);
    let unusual = select(
        &[
            "# é\u{1f600}",
            "# \"'[{",
            "#\tt",
            "# ]}",
            "# x # y",
            "# x\u{85}",
            "# x\u{2028}# y",
        ][..],
    );
    prop_oneof![3 => usual, 1 => unusual]
}

fn key() -> impl Strategy<Value = Key> {
    let usual = ["a", "b", "cc", "'d'", "\"e\"", "é", "<<"];
    prop_oneof![
        24 => select(Vec::from(usual)).prop_map(Key::Simple),
        1 => select(&[TOO_LONG, "&z h", "!t i"][..]).prop_map(Key::Simple),
        2 => select(&["f", "'g'", "*x", "&z h", TOO_LONG][..]).prop_map(Key::Long),
    ]
}

/// go-yaml writes it behind a `?`.
const TOO_LONG: &str = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\
    kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = scalar().prop_map(Shape::Scalar);
    leaf.prop_recursive(5, 24, 4, |inner| {
        let entries = vec((key(), inner.clone()), 1..5);
        let items = vec(inner.clone(), 1..5);
        let keys = select(&["k", "'l'", "\"m\""][..]);
        let flow_entries = vec((keys, inner.clone(), any::<bool>()), 0..4);
        let flow_items = vec((inner.clone(), any::<bool>()), 0..4);
        let with = select(
            &[
                "!!str",
                "!t",
                "&x",
                "&x !!str",
                "!t &y",
                "!t,u",
                "!<tag:x,1:[y]>",
            ][..],
        );
        prop_oneof![
            5 => (1..5_usize, entries).prop_map(|(by, entries)| Shape::Mapping(by, entries)),
            4 => (0..5_usize, items).prop_map(|(by, items)| Shape::Sequence(by, items)),
            1 => (flow_entries, any::<bool>()).prop_map(|(all, last)| Shape::Braces(all, last)),
            1 => (flow_items, any::<bool>()).prop_map(|(all, last)| Shape::Brackets(all, last)),
            1 => (with, inner).prop_map(|(with, inner)| Shape::With(with, Box::new(inner))),
        ]
    })
}

fn scalar() -> impl Strategy<Value = &'static str> {
    let one_line = [
        "x",
        "1",
        "two words",
        "é",
        "'q'",
        "\"d\"",
        "true",
        "a#b",
        "~",
        "'#'",
        "*x",
    ];
    let strange = [
        "x?y",
        "\"\\N\\L\\x41\\U0001f600\"",
        "'p\u{85} q'",
        "p\u{2028}q",
        "\"p\\\u{2029}q\"",
    ];
    let block = [
        "|\ny\nz",
        "|-\ny",
        "|+\ny\n",
        ">\ny\nz",
        ">-\ny\n\nz",
        "|\n",
        "|\n# y\nz",
        "|2\n  y",
        "|\ny\u{85}z\u{2028}",
        ">\ny\u{85}z\u{2029}  a",
        ">+ # h\n\u{85}",
        "|1-\n y",
    ];
    let lines = [
        "p\nq",
        "'p\nq'",
        "\"p\nq\"",
        "\"p\n\nq # r\"",
        "p\n\nq",
        "\"p\\\nq\"",
        "'p\n\n  # q'",
    ];
    prop_oneof![
        16 => select(Vec::from(one_line)),
        1 => select(Vec::from(strange)),
        4 => Just(""),
        4 => select(Vec::from(block)),
        2 => select(Vec::from(lines)),
    ]
}
