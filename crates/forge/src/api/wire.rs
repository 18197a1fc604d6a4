//! Requests as each git host wants them. Pure.

use http::Method;
use serde_json::{Value, json};
use towpath_model::Provider;

use super::host::{Host, encode};
use super::{CommitState, CommitStatus, Hook, HookHealth};

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
        // "Build statuses": of one repository, since 7.14.
        Provider::Bitbucket if host.is_data_center => (
            format!("{base}/commits/{commit}/builds"),
            json!({ "state": data_center_state(status.state), "key": status.context,
                    "name": status.context, "url": status.url, "description": description }),
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

fn data_center_state(state: CommitState) -> &'static str {
    match state {
        CommitState::Cancelled => "CANCELLED",
        state => self::state(Provider::Bitbucket, state),
    }
}

/// All webhooks of the repository; none where we know no API for them.
pub(super) fn list_hooks(host: &Host) -> Option<Wire> {
    let page = match host.provider {
        Provider::Github | Provider::Gitlab => "?per_page=100",
        Provider::Gitea => "?limit=50",
        Provider::Bitbucket if host.is_data_center => "?limit=100",
        Provider::Bitbucket => "?pagelen=100",
        Provider::Codecommit | Provider::Generic => return None,
    };
    let url = format!("{}{page}", hooks_url(host));
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
    Some(Wire::new(Method::POST, hooks_url(host), Some(body)))
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
    format!("{}/{}", hooks_url(host), encode(id))
}

fn hooks_url(host: &Host) -> String {
    let name = if host.is_data_center {
        "webhooks"
    } else {
        "hooks"
    };
    format!("{}/{name}", host.base)
}

pub(super) fn get_hook(host: &Host, id: &str) -> Wire {
    Wire::new(Method::GET, hook_url(host, id), None)
}

/// What a host says of one webhook. `active` is GitHub's, Gitea's and Bitbucket's word; GitLab has `alert_status`.
pub(super) fn health(hook: &Value, url: &str) -> HookHealth {
    let calls = [&hook["config"]["url"], &hook["url"]];
    let calls = calls.into_iter().find_map(Value::as_str);
    let alert = hook["alert_status"].as_str().unwrap_or("executable");
    match calls {
        Some(other) if other != url => HookHealth::Elsewhere(other.chars().take(300).collect()),
        _ if hook["active"] == false => HookHealth::Off(String::new()),
        _ if alert != "executable" => HookHealth::Off(alert.chars().take(100).collect()),
        _ => HookHealth::Calls,
    }
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
        Provider::Bitbucket if host.is_data_center => {
            json!({ "name": "Towpath", "url": url, "configuration": { "secret": secret },
            "active": true, "sslVerificationRequired": true, "events": ["repo:refs_changed"] })
        }
        Provider::Bitbucket => json!({ "description": "Towpath", "url": url, "secret": secret,
            "active": true, "events": ["repo:push"] }),
        Provider::Codecommit | Provider::Generic => return None,
    })
}

#[cfg(test)]
mod tests {
    use towpath_model::RemoteUrl;

    use super::*;

    fn host(provider: Provider, remote: &str) -> Host {
        Host::new(provider, &RemoteUrl::read(remote).unwrap(), "token")
    }

    fn status(state: CommitState) -> CommitStatus {
        CommitStatus {
            commit: "1".repeat(40).parse().unwrap(),
            state,
            context: format!("towpath/{}", "a".repeat(40)),
            description: "#1 was cancelled".to_owned(),
            url: "https://towpath.example/projects/a/executions/1".to_owned(),
        }
    }

    #[test]
    fn bitbucket_is_two_apis() {
        let commit = "1".repeat(40);
        let cloud = host(Provider::Bitbucket, "https://bitbucket.org/acme/hello");
        let sent = set_status(&cloud, &status(CommitState::Cancelled)).unwrap();
        let base = "https://api.bitbucket.org/2.0/repositories/acme/hello";
        assert_eq!(sent.url, format!("{base}/commit/{commit}/statuses/build"));
        let body = sent.body.unwrap();
        assert_eq!(body["state"], "STOPPED");
        assert_eq!(body["key"].as_str().unwrap().len(), KEY);
        assert_eq!(
            list_hooks(&cloud).unwrap().url,
            format!("{base}/hooks?pagelen=100")
        );

        let own = host(
            Provider::Bitbucket,
            "https://git.acme.example/scm/ACME/hello",
        );
        let sent = set_status(&own, &status(CommitState::Cancelled)).unwrap();
        let base = "https://git.acme.example/rest/api/1.0/projects/ACME/repos/hello";
        assert_eq!(sent.url, format!("{base}/commits/{commit}/builds"));
        let body = sent.body.unwrap();
        assert_eq!(body["state"], "CANCELLED");
        assert_eq!(body["key"], body["name"], "255 characters fit");
        let hook = Hook {
            url: "https://towpath.example/webhooks/bitbucket/a".to_owned(),
            secret: "s3cret".to_owned(),
        };
        let created = create_hook(&own, &hook).unwrap();
        assert_eq!(created.url, format!("{base}/webhooks"));
        let body = created.body.unwrap();
        assert_eq!(body["configuration"]["secret"], "s3cret");
        assert_eq!(body["events"], json!(["repo:refs_changed"]));
        let list = json!({ "values": [{ "id": 7, "url": hook.url, "active": true }] });
        assert_eq!(find_hook(&own, &list, &hook.url), Some("7".to_owned()));
    }

    #[test]
    fn a_webhook_that_does_not_call_is_known() {
        let url = "https://towpath.example/webhooks/github/a";
        for (hook, expected) in [
            (
                json!({ "config": { "url": url }, "active": true,
                     "url": "https://api.github.com/repos/acme/a/hooks/1" }),
                HookHealth::Calls,
            ),
            (
                json!({ "config": { "url": url }, "active": false }),
                HookHealth::Off(String::new()),
            ),
            (
                json!({ "url": url, "alert_status": "executable" }),
                HookHealth::Calls,
            ),
            (
                json!({ "url": url, "alert_status": "disabled" }),
                HookHealth::Off("disabled".to_owned()),
            ),
            (
                json!({ "url": "https://x.example/", "active": true }),
                HookHealth::Elsewhere("https://x.example/".to_owned()),
            ),
            (Value::Null, HookHealth::Calls),
        ] {
            assert_eq!(health(&hook, url), expected, "{hook}");
        }
    }
}
