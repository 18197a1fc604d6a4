use std::sync::OnceLock;

use serde_json::Value;
use smol_str::SmolStr;

/// A definition of an OpenAPI document.
#[derive(Clone, Debug)]
pub(super) enum Definition {
    Read(Value),
    /// Of the builtin document, of which a build needs a few of hundreds: read when it is first asked for.
    Unread {
        text: &'static str,
        read: OnceLock<Value>,
    },
}

/// What the table says of a definition before that is read.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) kinds: Vec<(SmolStr, SmolStr)>,
    pub(super) definition: Definition,
}

/// Kubernetes 1.21.2, as kyaml 0.21.1 embeds it, cut down by `cargo xtask schema`: in each line a definition's name,
/// the `apiVersion` and `kind` of its types, and the definition.
const BUILTIN: &str = include_str!("definitions.tsv");

impl Definition {
    pub(super) fn node(&self) -> &Value {
        match self {
            Definition::Read(node) => node,
            // A test reads them all, so that this default is never met.
            Definition::Unread { text, read } => {
                read.get_or_init(|| serde_json::from_str(text).unwrap_or_default())
            }
        }
    }
}

/// The builtin definitions.
pub(super) fn rows() -> impl Iterator<Item = Row> {
    BUILTIN.lines().filter_map(|line| {
        let (name, rest) = line.split_once('\t')?;
        let (kinds, text) = rest.split_once('\t')?;
        let kinds = kinds.split(',').filter_map(|kind| kind.split_once(' '));
        Some(Row {
            name,
            kinds: kinds.map(|(api, kind)| (api.into(), kind.into())).collect(),
            definition: Definition::Unread {
                text,
                read: OnceLock::new(),
            },
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_definition() {
        assert_eq!(rows().count(), BUILTIN.lines().count());
        for row in rows() {
            assert!(row.definition.node().is_object(), "{}", row.name);
        }
    }
}
