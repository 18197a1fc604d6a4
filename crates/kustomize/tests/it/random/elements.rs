//! Lists of elements whose names are the same, or none, and written in many ways.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::objects::text;
use super::styled::AS_IS;

/// Most have one of these names; all have this field.
pub(crate) fn elements(
    names: &'static [&'static str],
    field: &'static str,
) -> impl Strategy<Value = Value> + Clone {
    vec(element(names, field), 1..4).prop_map(Value::from)
}

pub(crate) fn element(
    names: &'static [&'static str],
    field: &'static str,
) -> impl Strategy<Value = Value> + Clone {
    let name = option::weighted(0.95, element_name(names));
    (name, text()).prop_map(move |(name, text)| match name {
        Some(name) => json!({ "name": name, field: text }),
        None => json!({ field: text }),
    })
}

/// With quotes, with a tag, as a number or as nothing.
fn element_name(names: &'static [&'static str]) -> impl Strategy<Value = Value> + Clone {
    let style = select(vec!["\"?\"", "'?'", "!!str ?", "? # behind", "&anchor ?"]);
    let other = select(vec![
        "1e3", "1000", "0644", "420", "null", "~", "", "true", "True",
    ]);
    prop_oneof![
        4 => select(names).prop_map(Value::from),
        3 => (select(names), style)
            .prop_map(|(name, style)| format!("{AS_IS}{}", style.replace('?', name)).into()),
        1 => other.prop_map(|text| format!("{AS_IS}{text}").into()),
    ]
}
