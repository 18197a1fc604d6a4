//! Payloads of the git hosts' own documentation.

#![allow(clippy::unwrap_used, reason = "a test fails by it, also in helpers")]

mod payloads;
