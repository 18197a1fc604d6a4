use std::{fmt, io};

/// What could not be done, and what the kernel said.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    source: Option<io::Error>,
}

impl Failure {
    /// For handing to [`Result::map_err`]; `what` completes "cannot".
    pub(crate) fn of<E: Into<io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |source| Self {
            what: what.into(),
            source: Some(source.into()),
        }
    }

    /// A sentence of its own.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            source: None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "cannot {}: {source}", self.what),
            None => f.write_str(&self.what),
        }
    }
}
