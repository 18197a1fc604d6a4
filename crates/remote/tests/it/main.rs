#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout)]

mod conformance;
mod cuts;
mod endpoint;
mod lease;
mod proxy;
mod terminal;
