#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout)]

mod detect;
mod host_root;
mod layers;
mod limits;
mod network;
mod plain_user;
mod privileges;
mod processes;
mod server_killed;
mod support;
mod terminal;
mod workspace;
