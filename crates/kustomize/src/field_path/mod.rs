//! Paths to fields as replacements and vars write them: `spec.containers.[name=web].image`.

mod find;
mod find_in_yaml;
mod lookup;
mod pattern;
mod split;

use towpath_yaml::limits::MAX_DEPTH;

pub(crate) use find::{Create, find};
pub(crate) use find_in_yaml::{FoundInYaml, find_in_yaml};
pub(crate) use lookup::{lookup, lookup_mut};
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

/// Whether a part of a path leads into a list, so that one is made for it.
fn makes_list(part: &str) -> bool {
    index(part).is_some() || element(part).is_some()
}

/// Each part is one level of recursion.
fn check_length(path: &[String]) -> Result<(), String> {
    match path.len() > MAX_DEPTH {
        true => Err(format!("the path has more than {MAX_DEPTH} parts")),
        false => Ok(()),
    }
}
