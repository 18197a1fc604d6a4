//! Everything that goes beyond one module: whole manifests, whole rollouts, real pods.

mod manifests;
mod rollout;
mod specs;
