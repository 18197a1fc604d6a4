use super::elements;
use crate::scalar;
use crate::value::Value;
use crate::written::Written;

/// What `$patch` in a patch says (kyaml's `merge2/smpdirective.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Merge,
    Replace,
    Delete,
}

pub(super) const KEY: &str = "$patch";

/// Takes the directive out of a mapping or a list of a patch.
///
/// # Errors
/// When it is none that there is.
pub(super) fn take(patch: &mut Value) -> Result<Directive, String> {
    match patch {
        Value::Object(map) => match map.get(KEY) {
            Some(value) => {
                let directive = read(&scalar::text(value))?;
                map.remove(KEY);
                Ok(directive)
            }
            None => Ok(Directive::Merge),
        },
        Value::Array(items) => take_from_list(items),
        _ => Ok(Directive::Merge),
    }
}

/// An element of nothing else speaks for the whole list; only the first element with a directive is looked at.
fn take_from_list(items: &mut Vec<Value>) -> Result<Directive, String> {
    let first = items
        .iter()
        .filter_map(Value::as_object)
        .find(|item| item.contains_key(KEY));
    let Some(first) = first.filter(|item| item.len() == 1) else {
        return Ok(Directive::Merge);
    };
    let text = first.get(KEY).map(scalar::text).unwrap_or_default();
    let directive = read(&text)?;
    let keys = elements::Keys {
        names: &[KEY],
        list: &[],
        written: &Written::default(),
    };
    elements::set(items, None, &keys, &[text.into_owned()])?;
    Ok(directive)
}

fn read(text: &str) -> Result<Directive, String> {
    match text {
        "merge" => Ok(Directive::Merge),
        "replace" => Ok(Directive::Replace),
        "delete" => Ok(Directive::Delete),
        other => Err(format!(
            "unknown patch strategy '{other}': expected merge, replace or delete"
        )),
    }
}
