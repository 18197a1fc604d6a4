//! Rows, blobs and logs on a real disk, with a real SQLite.

#![allow(clippy::unwrap_used, reason = "a test fails by it, also in helpers")]

mod blobs;
mod clusters;
mod deliveries;
mod events;
mod executions;
mod fixture;
mod hook_health;
mod left_apps;
mod logs;
mod project_deletions;
mod sealed;
mod webhook_allows;
mod work;
