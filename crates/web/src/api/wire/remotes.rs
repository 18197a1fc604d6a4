use serde::{Deserialize, Serialize};
use towpath_store::{Remote, StoredDelivery};
use utoipa::ToSchema;

use super::DeliveryDocument;
use crate::WebConfig;

/// Where a project's repository lives, and how things stand with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemoteDocument {
    #[schema(example = "https://github.com/acme/hello")]
    pub url: String,
    /// github, gitlab, gitea, bitbucket, codecommit or generic.
    #[schema(example = "github")]
    pub provider: String,
    pub username: Option<String>,
    /// none, token or ssh-key.
    pub credential: String,
    /// How often it is looked at without being called; none when never.
    pub poll_seconds: Option<u64>,
    pub fetched_at: Option<String>,
    /// Why the last fetch failed.
    pub error: Option<String>,
    /// Fetches that failed since the last that did not.
    pub failures: u32,
    /// Why nothing starts although it was fetched: it has not the project's branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_branch: Option<String>,
    /// When it is looked at next after a failure.
    pub retry_at: Option<String>,
    pub webhook: WebhookDocument,
    /// The Amazon SNS topic whose signed messages alone are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sns_topic: Option<String>,
    /// Statuses are told to the git host.
    pub statuses: bool,
    /// Why the last one was not taken.
    pub status_error: Option<String>,
}

/// The webhook of a project's git host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookDocument {
    /// Where the git host is to call.
    pub url: String,
    /// Only in the answer to what made it: what the git host signs with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// We registered it at the git host.
    pub registered: bool,
    /// Why it could not be registered.
    pub error: Option<String>,
    /// Why it does not call any more, although we registered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
    /// When we last saw it at the git host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<String>,
    /// Why we could not look whether it is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_error: Option<String>,
    /// What it sent last.
    pub last_delivery: Option<DeliveryDocument>,
}

/// A remote to follow. In a PATCH what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRemoteDocument {
    /// `https://host/path`, `ssh://user@host/path` or `git@host:path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// By the host's name unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// For the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// A token or password for HTTPS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// A private key without passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_key: Option<String>,
    /// The SSH hosts to trust; else the first key that the host shows is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_hosts: Option<String>,
    /// For the git host's API: statuses, and the webhook's registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_token: Option<String>,
    /// Made for you unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_secret: Option<String>,
    /// The Amazon SNS topic whose signed messages alone are taken; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "arn:aws:sns:eu-west-1:123456789012:pushes")]
    pub sns_topic: Option<String>,
    /// Register the webhook; by default when there is an API token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register_webhook: Option<bool>,
    /// 0 for never; 60 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_seconds: Option<u64>,
}

impl RemoteDocument {
    pub(crate) fn new(
        config: &WebConfig,
        remote: &Remote,
        last_delivery: Option<&StoredDelivery>,
        status_error: Option<String>,
    ) -> Self {
        let failing = remote.failures > 0;
        Self {
            url: remote.url.to_string(),
            provider: remote.provider.to_string(),
            username: remote.username.clone(),
            credential: remote.credential.as_str().to_owned(),
            poll_seconds: remote.poll.map(|poll| poll.as_secs()),
            fetched_at: remote.fetched_at.map(|at| at.to_string()),
            error: remote.error.clone(),
            failures: remote.failures,
            no_branch: None,
            retry_at: failing.then(|| remote.due_at.to_string()),
            webhook: WebhookDocument {
                url: config.hook_url(remote.provider, Some(&remote.project)),
                secret: None,
                registered: remote.hook.id.is_some(),
                error: remote.hook.error.clone(),
                lost: remote.hook.lost.clone(),
                seen_at: remote.hook.seen_at.map(|at| at.to_string()),
                check_error: remote.hook.check_error.clone(),
                last_delivery: last_delivery.map(DeliveryDocument::new),
            },
            sns_topic: remote.sns_topic.as_ref().map(ToString::to_string),
            statuses: remote.has_api_token,
            status_error,
        }
    }
}
