use serde::{Deserialize, Serialize};

use crate::Digest;

/// A zip in the blob store that one action made and others read. The content is the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    pub digest: Digest,
    /// Size of the zip in bytes.
    pub size: u64,
}
