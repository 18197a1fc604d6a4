//! Everything that goes beyond one module: whole manifests, whole rollouts, real pods.

mod manifests;
mod net;
mod pods;
mod rollout;
mod specs;
