#![allow(clippy::unwrap_used)]

mod network;
