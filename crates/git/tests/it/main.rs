#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic, as tests do"
)]

mod broken;
mod fixture;
mod http;
mod mirror;
mod observe;
mod push;
mod reading;
mod repository;
mod source;
