use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a project's builds run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildPlaceDocument {
    /// `sandbox`, on the server's machine, or a cluster's name.
    #[schema(example = "sandbox")]
    pub on: String,
    /// The container image in which commands run on a cluster; the server's `--pod-image` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// CodeBuild's name of how much of a machine a build gets on a cluster; `BUILD_GENERAL1_SMALL` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compute: Option<String>,
    /// A secret of the project's namespace with which the cluster pulls the image; not needed for images of
    /// this server's registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_secret: Option<String>,
}
