//! From a folder with a kustomization to manifests.

use towpath_model::Diagnostics;

use crate::options::Options;
use crate::tree::FileTree;

/// What a build gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Build {
    /// One YAML document per object.
    pub yaml: String,
}

/// Builds the kustomization in `folder`.
///
/// # Errors
/// What is wrong in the files, where, and what was expected.
pub fn build(_tree: &FileTree, _folder: &str, _options: &Options) -> Result<Build, Diagnostics> {
    Ok(Build {
        yaml: String::new(),
    })
}
