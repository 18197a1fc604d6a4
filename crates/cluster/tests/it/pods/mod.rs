//! Real pods: a real image, real sandboxes, a real network.

mod configs;
mod failures;
mod lifecycle;
mod rollouts;
mod world;
