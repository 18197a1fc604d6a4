//! Rows, blobs and logs on a real disk, with a real SQLite.

mod blobs;
mod events;
mod executions;
mod fixture;
mod logs;
