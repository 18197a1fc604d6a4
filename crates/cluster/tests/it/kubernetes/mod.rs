//! The cluster `kubernetes` against a real API server.

mod applying;
mod changes;
mod credentials;
mod cuts;
mod errors;
mod gone;
mod owners;
mod rollouts;
mod world;

pub(crate) use world::World;
