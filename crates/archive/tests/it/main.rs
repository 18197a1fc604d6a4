#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic, as tests do"
)]

mod beneath;
mod hostile;
mod pack;
mod round_trip;
mod support;
