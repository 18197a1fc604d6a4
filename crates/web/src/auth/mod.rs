//! Who may do what: the admin token as bearer, as basic password or behind a browser's session.
//!
//! Facts about a request are gathered by [`guard`]; the verdict on them is a pure function in [`verdict`].

mod access;
mod attempts;
mod credential;
mod guard;
mod refusal;
mod session_cookie;
mod site;
mod verdict;

pub(crate) use attempts::Attempts;
pub(crate) use guard::{Identity, guard};
pub(crate) use session_cookie::{LIFETIME, clear_cookie, read_cookie, session_cookie};
pub(crate) use site::host_is_loopback;
