//! Requests as each git host wants them. Pure.

use http::Method;
use serde_json::{Value, json};
use towpath_model::Provider;

use super::host::{Host, encode};
use super::{CommitState, CommitStatus, Hook};

/// GitHub's limit for a description; the others' are larger.
const DESCRIPTION: usize = 140;
/// Bitbucket's limit for a key.
const KEY: usize = 40;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wire {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) body: Option<Value>,
}

impl Wire {
    fn new(method: Method, url: String, body: Option<Value>) -> Self {
        Self { method, url, body }
    }
}

/// The header that a token goes into.
pub(super) fn authorization(host: &Host) -> (&'static str, String) {
    match host.provider {
        Provider::Gitlab => ("PRIVATE-TOKEN", host.token.clone()),
        Provider::Gitea => ("Authorization", format!("token {}", host.token)),
        _ => ("Authorization", format!("Bearer {}", host.token)),
    }
}

/// None where we know no API for it.
pub(super) fn set_status(host: &Host, status: &CommitStatus) -> Option<Wire> {
    let (base, commit) = (&host.base, &status.commit);
    let description: String = status.description.chars().take(DESCRIPTION).collect();
    let state = state(host.provider, status.state);
    let (url, body) = match host.provider {
        Provider::Github | Provider::Gitea => (
            format!("{base}/statuses/{commit}"),
            json!({ "state": state, "context": status.context, "target_url": status.url,
                    "description": description }),
        ),
        Provider::Gitlab => (
            format!("{base}/statuses/{commit}"),
            json!({ "state": state, "name": status.context, "target_url": status.url,
                    "description": description }),
        ),
        Provider::Bitbucket => (
            format!("{base}/commit/{commit}/statuses/build"),
            json!({ "state": state, "key": status.context.chars().take(KEY).collect::<String>(),
                    "name": status.context, "url": status.url, "description": description }),
        ),
        Provider::Codecommit | Provider::Generic => return None,
    };
    Some(Wire::new(Method::POST, url, Some(body)))
}

fn state(provider: Provider, state: CommitState) -> &'static str {
    use CommitState::{Cancelled, Failure, Pending, Success};
    match (provider, state) {
        (Provider::Bitbucket, Pending) => "INPROGRESS",
        (Provider::Bitbucket, Success) => "SUCCESSFUL",
        (Provider::Bitbucket, Failure) => "FAILED",
        (Provider::Bitbucket, Cancelled) => "STOPPED",
        (Provider::Gitlab, Failure) => "failed",
        (Provider::Gitlab, Cancelled) => "canceled",
        (_, Pending) => "pending",
        (_, Success) => "success",
        (_, Failure) => "failure",
        (_, Cancelled) => "error",
    }
}

/// All webhooks of the repository; none where we know no API for them.
pub(super) fn list_hooks(host: &Host) -> Option<Wire> {
    let page = match host.provider {
        Provider::Github | Provider::Gitlab => "?per_page=100",
        Provider::Gitea => "?limit=50",
        Provider::Bitbucket => "?pagelen=100",
        Provider::Codecommit | Provider::Generic => return None,
    };
    let url = format!("{}/hooks{page}", host.base);
    Some(Wire::new(Method::GET, url, None))
}

/// The id of the webhook in a list that calls this URL.
pub(super) fn find_hook(host: &Host, list: &Value, url: &str) -> Option<String> {
    let hooks = match host.provider {
        Provider::Bitbucket => &list["values"],
        _ => list,
    };
    let hooks = hooks.as_array()?;
    let calls = |hook: &&Value| hook["url"] == url || hook["config"]["url"] == url;
    // GitHub's `url` is the hook's own address in the API, never ours.
    hooks.iter().find(calls).and_then(hook_id)
}

pub(super) fn hook_id(hook: &Value) -> Option<String> {
    let uuid = hook["uuid"].as_str().map(str::to_owned);
    uuid.or_else(|| hook["id"].as_i64().map(|id| id.to_string()))
}

pub(super) fn create_hook(host: &Host, hook: &Hook) -> Option<Wire> {
    let mut body = hook_body(host, hook)?;
    match host.provider {
        Provider::Github => body["name"] = "web".into(),
        Provider::Gitea => body["type"] = "gitea".into(),
        _ => {}
    }
    let url = format!("{}/hooks", host.base);
    Some(Wire::new(Method::POST, url, Some(body)))
}

pub(super) fn update_hook(host: &Host, hook: &Hook, id: &str) -> Option<Wire> {
    let method = match host.provider {
        Provider::Github | Provider::Gitea => Method::PATCH,
        _ => Method::PUT,
    };
    Some(Wire::new(
        method,
        hook_url(host, id),
        Some(hook_body(host, hook)?),
    ))
}

pub(super) fn delete_hook(host: &Host, id: &str) -> Wire {
    Wire::new(Method::DELETE, hook_url(host, id), None)
}

fn hook_url(host: &Host, id: &str) -> String {
    format!("{}/hooks/{}", host.base, encode(id))
}

fn hook_body(host: &Host, hook: &Hook) -> Option<Value> {
    let (url, secret) = (&hook.url, &hook.secret);
    Some(match host.provider {
        Provider::Github => json!({ "active": true, "events": ["push"],
            "config": { "url": url, "content_type": "json", "secret": secret, "insecure_ssl": "0" } }),
        Provider::Gitea => json!({ "active": true, "events": ["push"],
            "config": { "url": url, "content_type": "json", "secret": secret } }),
        Provider::Gitlab => json!({ "url": url, "token": secret, "push_events": true,
            "tag_push_events": false, "enable_ssl_verification": true }),
        Provider::Bitbucket => json!({ "description": "Towpath", "url": url, "secret": secret,
            "active": true, "events": ["repo:push"] }),
        Provider::Codecommit | Provider::Generic => return None,
    })
}
