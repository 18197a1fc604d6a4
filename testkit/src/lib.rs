//! Real parts for tests, in temporary folders, and the one way to wait.

mod eventually;
mod require;

pub use eventually::{eventually, eventually_async};
pub use require::require;
