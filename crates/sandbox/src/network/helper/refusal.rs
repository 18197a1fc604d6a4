use rustix::io::Errno;

use crate::network::wire::Reply;

/// What could not be done, and the kernel's reason.
#[derive(Debug)]
pub(super) struct Refusal {
    what: String,
    errno: i32,
}

impl Refusal {
    /// For handing to [`Result::map_err`].
    pub(super) fn of<E: Into<std::io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        move |error| Self {
            what: what.into(),
            errno: error
                .into()
                .raw_os_error()
                .unwrap_or(Errno::IO.raw_os_error()),
        }
    }

    /// A request at the wrong time.
    pub(super) fn order(what: &str) -> Self {
        Self::of(what)(Errno::INVAL)
    }

    pub(super) fn is(&self, errno: Errno) -> bool {
        self.errno == errno.raw_os_error()
    }
}

impl From<Refusal> for Reply {
    fn from(Refusal { what, errno }: Refusal) -> Self {
        Reply::Refused { what, errno }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {}",
            self.what,
            std::io::Error::from_raw_os_error(self.errno)
        )
    }
}
