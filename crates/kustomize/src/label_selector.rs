use towpath_model::{Diagnostic, Location};

use crate::value::{Map, Value};

/// A label selector: all requirements have to be met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    /// Also met by an object without the key.
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl LabelSelector {
    pub(crate) fn matches(&self, labels: Option<&Map>) -> bool {
        // A number that a JSON patch has made a label counts by its text.
        let value = |key: &String| labels.and_then(|labels| labels.get(key)).map(Value::text);
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => {
                value(key).is_some_and(|v| values.iter().any(|w| *w == v))
            }
            Requirement::NotIn(key, values) => {
                value(key).is_none_or(|v| values.iter().all(|w| *w != v))
            }
            Requirement::Exists(key) => value(key).is_some(),
            Requirement::Absent(key) => value(key).is_none(),
        })
    }
}

/// Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k` (apimachinery's `labels.Parse`).
///
/// # Errors
/// When a requirement is none of these.
pub(crate) fn parse(text: &str, at: &Location) -> Result<LabelSelector, Diagnostic> {
    let requirements = split(text)
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let read = requirements.map(|part| {
        requirement(part).ok_or_else(|| {
            Diagnostic::new(at.clone(), format!("`{part}` is not a label selector"))
                .help("expected `key=value`, `key!=value`, `key in (a,b)`, `key notin (a)`, `key` or `!key`")
        })
    });
    read.collect::<Result<_, _>>().map(LabelSelector)
}

/// At commas outside of parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut inside = false;
    text.split(|c| {
        match c {
            '(' => inside = true,
            ')' => inside = false,
            _ => {}
        }
        c == ',' && !inside
    })
    .collect()
}

fn requirement(part: &str) -> Option<Requirement> {
    if let Some(open) = part.find('(') {
        return set(&part[..open], &part[open..]);
    }
    if let Some((key, value)) = part.split_once("!=") {
        return Some(Requirement::NotIn(
            word(key)?,
            vec![value.trim().to_owned()],
        ));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Some(Requirement::In(word(key)?, vec![value.trim().to_owned()]));
    }
    match part.strip_prefix('!') {
        Some(key) => word(key).map(Requirement::Absent),
        None => word(part).map(Requirement::Exists),
    }
}

fn set(head: &str, list: &str) -> Option<Requirement> {
    let inner = list.strip_prefix('(')?.trim_end().strip_suffix(')')?;
    let values = inner
        .split(',')
        .map(|value| value.trim().to_owned())
        .collect();
    let (key, operator) = head.trim_end().rsplit_once(char::is_whitespace)?;
    match operator {
        "in" => Some(Requirement::In(word(key)?, values)),
        "notin" => Some(Requirement::NotIn(word(key)?, values)),
        _ => None,
    }
}

fn word(text: &str) -> Option<String> {
    let text = text.trim();
    let fine =
        !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || "=!()<>".contains(c));
    fine.then(|| text.to_owned())
}
