//! What git hosts say to us and what we say to them: webhooks are verified and read here, commit statuses and
//! hook registrations go out from here.
//!
//! **Architecture invariant:** reading a webhook is pure: headers and body in, facts out. The secret comes from
//! the caller, who chose it by the request's path. Nothing of a payload is ever used as an address to talk to, save
//! Amazon's own, of a topic that an operator has named ([`sns`]).

mod admission;
pub mod api;
mod delivery;
mod headers;
mod outbound;
mod parse;
mod pattern;
pub mod sns;
mod verify;

pub use admission::{Admission, admit};
pub use delivery::{Delivery, Malformed, Notice, RefChange};
pub use parse::read;
pub use pattern::{AllowPattern, PatternError, project_name};
pub use verify::{HookSecret, SignatureError, sign, verify};
