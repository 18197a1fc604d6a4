use super::elements::is_nothing;
use crate::value::{Map, Value};

/// What `$patch` in a patch says (kyaml's `merge2/smpdirective.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directive {
    Merge,
    Replace,
    Delete,
}

const KEY: &str = "$patch";

/// Takes the directive out of a mapping of a patch.
///
/// # Errors
/// When it is none that there is; it stays then.
pub(super) fn take(map: &mut Map) -> Result<Directive, String> {
    let Some(value) = map.get(KEY) else {
        return Ok(Directive::Merge);
    };
    let directive = read(value.text())?;
    map.remove(KEY);
    Ok(directive)
}

/// The same for a list: an element of nothing else speaks for all of it. Only the first element with a directive is
/// looked at.
///
/// # Errors
/// As [`take`].
pub(super) fn take_from_list(items: &mut Vec<Value>) -> Result<Directive, String> {
    let said = |item: &Value| item.get(KEY).map(|value| value.text().to_owned());
    let first = items.iter().find(|item| item.get(KEY).is_some());
    let is_whole = |item: &&Value| item.as_object().is_some_and(|map| map.len() == 1);
    let Some(text) = first.filter(is_whole).and_then(said) else {
        return Ok(Directive::Merge);
    };
    let directive = read(&text)?;
    items.retain(|item| !is_nothing(item) && said(item).as_ref() != Some(&text));
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
