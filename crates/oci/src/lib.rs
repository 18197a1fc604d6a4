//! Images: their names and parts, the layers on disk, our registry, and the client of others'.
//!
//! **Architecture invariant:** the registry speaks `http` types and knows no web framework.

pub mod image;
pub mod manifest;
pub mod reference;
