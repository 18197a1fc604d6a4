//! The cluster `kubernetes` against a real API server.

mod applying;
mod world;
