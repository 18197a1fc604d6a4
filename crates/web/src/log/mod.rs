//! Logs of actions: followed as they grow, and cut into windows of lines for pages.

mod ansi;
mod follow;
mod line;
mod scan;
mod window;

pub(crate) use follow::{Follow, read};
pub(crate) use scan::Cursor;
pub(crate) use window::{Found, Window, Windows};
