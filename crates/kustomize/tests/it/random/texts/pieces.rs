//! What a text is made of, before it is written.

use proptest::prelude::*;

/// A node. Names of anchors and aliases are chosen when it is written, so that most aliases have an anchor.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) content: Content,
    pub(super) has_anchor: bool,
    pub(super) tag: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    /// On one line, with its quotes.
    Scalar(&'static str),
    /// Behind `|` or `>`.
    Lines(&'static str, Vec<&'static str>),
    /// Of one of the anchors so far; a scalar where there is none.
    Alias(u8),
    List(Vec<Piece>, bool),
    Mapping(Vec<(Piece, Piece)>, bool),
}

/// Of a text.
pub(super) fn root() -> impl Strategy<Value = Piece> {
    let inner = node(true);
    collection(inner.boxed(), true)
}

/// Of an object's field.
pub(super) fn value() -> impl Strategy<Value = Piece> {
    prop_oneof![3 => collection(node(false).boxed(), false), 1 => leaf(false)]
}

fn node(is_text: bool) -> impl Strategy<Value = Piece> {
    leaf(is_text).prop_recursive(3, 20, 4, move |inner| collection(inner.boxed(), is_text))
}

fn collection(inner: BoxedStrategy<Piece>, is_text: bool) -> impl Strategy<Value = Piece> {
    let list = (prop::collection::vec(inner.clone(), 0..4), is_flow())
        .prop_map(|(items, is_flow)| Content::List(items, is_flow));
    let entry = (key(is_text), inner);
    let mapping =
        (prop::collection::vec(entry, 0..5), is_flow()).prop_map(move |(mut entries, is_flow)| {
            if !is_text {
                let mut seen = std::collections::BTreeSet::new();
                entries.retain(|(key, _)| match key.content {
                    Content::Scalar(text) => seen.insert(text.trim_matches(['\'', '"'])),
                    _ => true,
                });
            }
            Content::Mapping(entries, is_flow)
        });
    with_properties(prop_oneof![1 => list, 2 => mapping], is_text)
}

fn is_flow() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.25)
}

fn leaf(is_text: bool) -> impl Strategy<Value = Piece> {
    let scalar = prop_oneof![prop::sample::select(SCALARS), prop::sample::select(STRINGS)];
    let scalar = scalar.prop_map(move |text| match text {
        // Of elements without a name we know one text that is not that of the value.
        "2001-02-03" | "1e3" | "0x10" if !is_text => Content::Scalar("x"),
        text => Content::Scalar(text),
    });
    let lines = (
        prop::sample::select(vec!["|", "|-", ">", ">-", "|+"]),
        prop::sample::select(LINES),
    )
        .prop_map(move |(mark, lines)| match is_text {
            true => Content::Lines(mark, lines.to_vec()),
            // Upstream loses lines of folded texts of objects, which begin with spaces.
            false => Content::Lines("|", lines.to_vec()),
        });
    let aliases = if is_text { 6 } else { 1 };
    let alias = any::<u8>().prop_map(Content::Alias);
    with_properties(
        prop_oneof![12 => scalar, 1 => lines, aliases => alias],
        is_text,
    )
}

fn key(is_text: bool) -> impl Strategy<Value = Piece> {
    let usual = prop::sample::select(vec!["a", "b", "c", "name", "'d'", "\"e f\"", "list"]);
    let usual = usual.prop_map(Content::Scalar);
    let unusual = prop_oneof![
        3 => Just(Content::Scalar("<<")),
        1 => prop::sample::select(vec!["1", "true", "~", "1.5", "''"]).prop_map(Content::Scalar),
        2 => any::<u8>().prop_map(Content::Alias),
        1 => Just(Content::List(Vec::new(), true)),
        1 => prop::sample::select(vec!["x", "y"]).prop_map(|text| {
            let inner = bare(Content::Scalar(text));
            Content::Mapping(vec![(inner.clone(), inner)], true)
        }),
    ];
    let unusual_weight = if is_text { 2 } else { 0 };
    with_properties(prop_oneof![12 => usual, unusual_weight => unusual], is_text)
}

pub(super) fn bare(content: Content) -> Piece {
    Piece {
        content,
        has_anchor: false,
        tag: None,
    }
}

fn with_properties(
    content: impl Strategy<Value = Content>,
    is_text: bool,
) -> impl Strategy<Value = Piece> {
    let anchors = if is_text { 0.25 } else { 0.05 };
    let tags = prop::option::weighted(0.04, prop::sample::select(TAGS));
    (content, prop::bool::weighted(anchors), tags).prop_map(move |(content, has_anchor, tag)| {
        let is_alias = matches!(content, Content::Alias(_));
        // An alias within its own anchor ends upstream's process, outside of texts.
        let may_have_anchor =
            is_text || matches!(content, Content::Scalar(text) if !text.is_empty());
        Piece {
            content,
            has_anchor: has_anchor && !is_alias && may_have_anchor,
            tag: tag.filter(|_| !is_alias && is_text),
        }
    })
}

const SCALARS: &[&str] = &[
    "x",
    "'x'",
    "\"x\"",
    "web",
    "1",
    "8080",
    "1.5",
    "true",
    "null",
    "~",
    "",
    "on",
    "'8080'",
    "\"true\"",
    "''",
    "a b",
    "'it''s'",
    "\"\\u00e9\\n\"",
    "2001-02-03",
    "1e3",
    "0x10",
    "-1",
    "x#y",
    "b:c",
];

/// Which take any text.
const STRINGS: &[&str] = &["x", "'x'", "\"x\"", "web", "a b", "on", "'8080'"];

const LINES: &[&[&str]] = &[&["x"], &["x", "y"], &["x", "", "  y"], &["# no comment"]];

const TAGS: &[&str] = &[
    "!!str",
    "!a-b",
    "!Ref",
    "!<tag:x.org,2000:y>",
    "!",
    "!!x",
    "!a%20b",
    "!x_y",
    "!a.b/c",
];
