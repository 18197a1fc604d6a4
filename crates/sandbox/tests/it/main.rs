#![allow(clippy::unwrap_used)]

mod host_root;
mod network;
mod support;
