//! Images: their names and parts, the layers on disk, our registry, and the client of others'.
//!
//! **Architecture invariant:** the registry speaks `http` types and knows no web framework.

pub mod image;
mod images;
mod keyed;
pub mod layer;
mod layers;
pub mod manifest;
pub mod reference;
pub mod registry;

pub use image::{Layer, ResolvedImage};
pub use images::{Credentials, ImageError, Images, Mirror, MirrorError, Sources};
pub use layer::LayerError;
pub use layers::{LayerStore, Limits, UnpackError, UnpackErrorKind};
pub use reference::{Host, ImageReference, ReferenceError, Repository, Tag, Version};
pub use registry::{Registry, RegistryError};
