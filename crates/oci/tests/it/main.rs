//! The registry, the layers and the client, with real parts.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod collect;
mod crash;
mod distribution;
mod fixture;
mod images;
mod layer_store;
mod memory;
mod overlay;
mod place;
mod plain_user;
mod skopeo;
mod uploads;
