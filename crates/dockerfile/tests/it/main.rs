//! Images built for real, into our own registry.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod caching;
mod copying;
mod fixture;
mod plain_user;
mod refusals;
mod running;
mod skopeo;
mod stages;
