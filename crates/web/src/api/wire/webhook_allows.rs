use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Repositories that make projects of themselves by their first push.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAllowDocument {
    /// `host/owner/*` or `host/owner/name`.
    #[schema(example = "github.com/acme/*")]
    pub pattern: String,
    /// By the host's name unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Of the projects; the repository's default branch unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Where the projects are deployed; `local` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Where their objects go that name no namespace; by default each project's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// With which the projects' remotes are fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// With which the projects' statuses are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_token: Option<String>,
    /// The Amazon SNS topic whose signed messages alone are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sns_topic: Option<String>,
    /// A secret for the URL; the one that is there stays unless given, and the first is made for you.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_secret: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AllowDocument {
    pub provider: String,
    pub pattern: String,
    pub branch: Option<String>,
    pub cluster: String,
    /// Each project's name when there is none.
    pub namespace: Option<String>,
    /// The Amazon SNS topic whose signed messages alone are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sns_topic: Option<String>,
    /// Where the git host is to call.
    pub url: String,
    /// Only in the answer to what made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    pub created_at: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AllowList {
    pub allows: Vec<AllowDocument>,
}
