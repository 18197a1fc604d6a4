use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::emit::go_float;
use crate::value::{Scalar, Style, Tag, Value};

/// What a var stands for, as Go reads it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meant {
    String(SmolStr),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// A mapping or a list, which no text can hold.
    Other,
}

impl Meant {
    /// None where Go cannot read a number or a boolean: it reads whole numbers without signs of other bases.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let Value::Scalar(scalar) = value else {
            return Some(Meant::Other);
        };
        let text = scalar.text();
        Some(match scalar.tag {
            Tag::Int => Meant::Int(text.parse().ok()?),
            Tag::Float => Meant::Float(text.parse().ok()?),
            Tag::Bool => Meant::Bool(text.eq_ignore_ascii_case("true")),
            Tag::Str | Tag::None | Tag::Null | Tag::Timestamp => {
                Meant::String(scalar.smol_text().clone())
            }
        })
    }

    /// In the middle of a text (`%v` of Go's `fmt`).
    fn push_to(&self, text: &mut String, name: &str) {
        match self {
            Meant::String(own) => text.push_str(own),
            Meant::Int(own) => text.push_str(&own.to_string()),
            Meant::Float(own) => text.push_str(&go_float(*own)),
            Meant::Bool(own) => text.push_str(if *own { "true" } else { "false" }),
            Meant::Other => text.extend(["$(", name, ")"]),
        }
    }

    fn node(&self, text: &str) -> Scalar {
        let new = |text: String, tag| Scalar::new(text, tag, Style::PLAIN);
        match self {
            Meant::String(own) => Scalar::new(own.clone(), Tag::Str, Style::PLAIN),
            Meant::Int(own) => new(own.to_string(), Tag::Int),
            Meant::Float(own) => new(own.to_string(), Tag::Float),
            Meant::Bool(own) => new(own.to_string(), Tag::Bool),
            Meant::Other => new(text.to_owned(), Tag::Str),
        }
    }
}

/// Replaces `$(NAME)`; `$$` is a dollar. A text that is one var and nothing else becomes the var's value with
/// its type. Names that are no var, and vars that are mappings or lists, stay as they are written. What comes is
/// written without quotes, so far as it can be.
pub(super) fn expand(text: &str, values: &BTreeMap<&str, Meant>) -> Scalar {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(escaped) = after.strip_prefix('$') {
            out.push('$');
            rest = escaped;
        } else if let Some((name, behind)) = name(after) {
            match values.get(name) {
                Some(value) if text.len() == name.len() + 3 => return value.node(text),
                Some(value) => value.push_to(&mut out, name),
                None => out.extend(["$(", name, ")"]),
            }
            rest = behind;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    Scalar::new(out, Tag::Str, Style::PLAIN)
}

fn name(after: &str) -> Option<(&str, &str)> {
    after.strip_prefix('(')?.split_once(')')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vars_are_replaced_with_their_type() {
        let values = BTreeMap::from([
            ("A", Meant::String("x".into())),
            ("N", Meant::Int(8080)),
            ("F", Meant::Float(1_000_000.0)),
            ("M", Meant::Other),
        ]);
        for (text, expect, tag) in [
            ("$(A)", "x", Tag::Str),
            ("$(N)", "8080", Tag::Int),
            ("$(F)", "1000000", Tag::Float),
            ("f$(F)", "f1e+06", Tag::Str),
            ("p:$(N)/$(A)", "p:8080/x", Tag::Str),
            ("$(M)", "$(M)", Tag::Str),
            ("$$(A) $B $(B) $(M) $(", "$(A) $B $(B) $(M) $(", Tag::Str),
            ("$", "$", Tag::Str),
        ] {
            let expect = Scalar::new(expect, tag, Style::PLAIN);
            assert_eq!(expand(text, &values), expect, "{text}");
        }
    }
}
