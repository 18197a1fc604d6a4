//! Everything that goes beyond one module: whole manifests, whole rollouts, real pods.

mod manifests;
mod net;
mod rollout;
mod specs;
