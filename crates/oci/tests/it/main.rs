//! The registry, the layers and the client, with real parts.
#![allow(clippy::unwrap_used)]

mod fixture;
mod skopeo;
