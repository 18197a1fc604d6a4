//! Paths to fields as replacements and vars write them: `spec.containers.[name=web].image`.

mod find;
mod find_in_yaml;
mod lookup;
mod split;

pub(crate) use find::{Create, Found, find};
pub(crate) use find_in_yaml::{FoundInYaml, find_in_yaml};
pub(crate) use lookup::{Step, lookup, steps_to};
pub(crate) use split::split;

/// A number from 0.
fn index(part: &str) -> Option<usize> {
    let index: i64 = part.parse().ok()?;
    usize::try_from(index).ok()
}

/// `name` and `web` of `[name=web]`; none for what is not in brackets.
///
/// # Errors
/// When there is no `=` in the brackets.
fn element(part: &str) -> Option<Result<(&str, &str), String>> {
    let inner = part.strip_prefix('[')?.strip_suffix(']')?;
    Some(inner.split_once('=').ok_or_else(|| {
        "list path element must contain fieldName=fieldValue for element to match".to_owned()
    }))
}
