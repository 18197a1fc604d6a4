//! The crate through its front door: parse, read, write.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod comments;
mod edit;
mod emit;
mod emit_node;
mod go_yaml;
mod hostile;
mod load;
mod plain_block;
mod reader;
mod syntax;
