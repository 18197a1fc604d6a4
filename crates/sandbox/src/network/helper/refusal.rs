use std::{fmt, io};

use rustix::io::Errno;

use crate::network::wire::Reply;

/// What could not be done, and the kernel's reason.
#[derive(Debug)]
pub(super) struct Refusal {
    what: String,
    /// `None` when it was not the kernel's.
    errno: Option<i32>,
}

impl Refusal {
    /// For handing to [`Result::map_err`].
    pub(super) fn of<E: Into<io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |error| Self {
            what: what.into(),
            errno: error.into().raw_os_error(),
        }
    }

    /// A reason of its own.
    pub(super) fn because(what: impl fmt::Display) -> Self {
        Self {
            what: what.to_string(),
            errno: None,
        }
    }

    pub(super) fn is(&self, errno: Errno) -> bool {
        self.errno == Some(errno.raw_os_error())
    }
}

impl From<Refusal> for Reply {
    fn from(Refusal { what, errno }: Refusal) -> Self {
        Reply::Refused { what, errno }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errno.map(io::Error::from_raw_os_error) {
            Some(reason) => write!(f, "{}: {reason}", self.what),
            None => f.write_str(&self.what),
        }
    }
}
