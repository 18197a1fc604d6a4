use thiserror::Error;
use towpath_model::Diagnostic;

use super::cursor::Mark;
use crate::limits::{MAX_DEPTH, MAX_NODES, MAX_SCALAR_BYTES};

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub(crate) struct Problem {
    mark: Mark,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Reason {
    #[error("not valid YAML: {0}")]
    Syntax(&'static str),
    #[error("mappings and lists are nested deeper than {MAX_DEPTH}")]
    TooDeep,
    #[error("the file has more than {MAX_NODES} values")]
    TooManyNodes,
    #[error("the file has more than {MAX_SCALAR_BYTES} bytes of text")]
    TooMuchText,
}

impl Problem {
    pub(super) fn new(mark: Mark, message: &'static str) -> Self {
        Self::of(mark, Reason::Syntax(message))
    }

    pub(super) fn of(mark: Mark, reason: Reason) -> Self {
        Self { mark, reason }
    }

    pub(crate) fn diagnostic(&self, file: &str) -> Diagnostic {
        Diagnostic::new(self.mark.position().location(file), self.to_string())
    }
}
