//! Remotes as people give them: checked, and completed with what they left out.

use std::time::Duration;

use towpath_model::{Project, Provider, RefName, RemoteUrl, TopicArn};
use towpath_store::{
    Credential, DeliveryFilter, NewRemote, Remote, RemoteSecrets, Secret, StoreError,
    new_webhook_secret,
};

use crate::App;
use crate::api::ApiError;
use crate::api::wire::{NewRemoteDocument, RemoteDocument};
use crate::clock::now;

const POLL: Duration = Duration::from_secs(60);
/// Polling more often than this is what webhooks are for.
const SHORTEST: u64 = 10;
/// As many branches as are named.
const BRANCHES: usize = 5;
const LONGEST: u64 = 7 * 24 * 60 * 60;

/// What there is of a remote before a change.
struct Before {
    remote: Remote,
    secrets: RemoteSecrets,
}

/// A remote of a project that is being made.
pub(crate) fn new(given: NewRemoteDocument) -> Result<NewRemote, ApiError> {
    complete(given, None)
}

/// Changes a project's remote: what is left out stays as it is.
pub(crate) async fn change(
    app: &App,
    project: &Project,
    given: NewRemoteDocument,
) -> Result<(), ApiError> {
    let store = &app.store;
    let secrets = store.remote_secrets(&project.name).await?;
    let before = match (store.remote(&project.name).await?, secrets) {
        (Some(remote), Some(secrets)) => Some(Before { remote, secrets }),
        _ => None,
    };
    let remote = complete(given, before)?;
    Ok(store.set_remote(&project.name, &remote, now()).await?)
}

/// How things stand with a project's remote, if it has one.
pub(crate) async fn document(
    app: &App,
    project: &Project,
) -> Result<Option<RemoteDocument>, StoreError> {
    let name = &project.name;
    let Some(remote) = app.store.remote(name).await? else {
        return Ok(None);
    };
    let newest = DeliveryFilter {
        project: Some(name.clone()),
        limit: 1,
        ..DeliveryFilter::default()
    };
    let last = app.store.deliveries(&newest).await?.pop();
    let status_error = app.store.status_error(name).await?;
    let document = RemoteDocument::new(&app.config, &remote, last.as_ref(), status_error);
    Ok(Some(RemoteDocument {
        no_branch: missing_branch(app, project, &remote).await?,
        ..document
    }))
}

/// Why nothing starts although the remote was fetched: it has not the project's branch.
pub(crate) async fn missing_branch(
    app: &App,
    project: &Project,
    remote: &Remote,
) -> Result<Option<String>, StoreError> {
    if remote.fetched_at.is_none() {
        return Ok(None);
    }
    let branches = app.store.branches(&project.name).await?;
    Ok(without_branch(&project.branch, &branches))
}

fn without_branch(branch: &RefName, branches: &[RefName]) -> Option<String> {
    let short = |name: &RefName| name.branch_name().unwrap_or(name.as_str()).to_owned();
    if branches.contains(branch) {
        return None;
    }
    let ours = short(branch);
    let names: Vec<String> = branches.iter().take(BRANCHES).map(short).collect();
    let more = if branches.len() > BRANCHES {
        ", …"
    } else {
        ""
    };
    Some(match names.first() {
        None => format!("the remote has no branch yet; push {ours} there"),
        Some(first) => format!(
            "the remote has no branch {ours}, so that nothing starts; it has {}{more}: push {ours} there, or make the \
             project again with --branch {first}",
            names.join(", ")
        ),
    })
}

fn complete(given: NewRemoteDocument, before: Option<Before>) -> Result<NewRemote, ApiError> {
    let (remote, secrets) = match before {
        Some(before) => (Some(before.remote), before.secrets),
        None => (None, RemoteSecrets::default()),
    };
    let remote = remote.as_ref();
    let url = url(given.url.as_deref(), remote)?;
    let moved = remote.is_some_and(|remote| remote.url.host() != url.host());
    let secrets = if moved {
        without_credentials(secrets)
    } else {
        secrets
    };
    let provider = provider(given.provider.as_deref(), &url, remote.filter(|_| !moved))?;
    let credential = credential(&given, &url, secrets.credential)?;
    let api_token = match given.api_token {
        Some(token) => Some(secret("api_token", &token)?),
        None => secrets.api_token,
    };
    let no_api = matches!(provider, Provider::Generic | Provider::Codecommit);
    if api_token.is_some() && no_api {
        let message =
            format!("we know no API of a {provider} git host, so that it needs no token for one");
        return Err(ApiError::bad_request("no_api", message)
            .help("say which git host it is: github, gitlab, gitea or bitbucket"));
    }
    let kept = remote.is_some_and(|remote| remote.hook.wanted);
    let topic = remote.and_then(|remote| remote.sns_topic.clone());
    Ok(NewRemote {
        sns_topic: sns_topic(given.sns_topic.as_deref(), provider, topic)?,
        username: given
            .username
            .or_else(|| remote.and_then(|remote| remote.username.clone())),
        known_hosts: known_hosts(given.known_hosts, &url, remote),
        poll: poll(given.poll_seconds, remote)?,
        hook_wanted: given
            .register_webhook
            .unwrap_or(kept || api_token.is_some()),
        secrets: RemoteSecrets {
            credential,
            api_token,
            webhook: Some(match given.webhook_secret {
                Some(text) => secret("webhook_secret", &text)?,
                None => secrets.webhook.unwrap_or_else(new_webhook_secret),
            }),
        },
        url,
        provider,
    })
}

fn url(given: Option<&str>, remote: Option<&Remote>) -> Result<RemoteUrl, ApiError> {
    match (given, remote) {
        (Some(given), _) => RemoteUrl::read(given)
            .map_err(|error| ApiError::bad_request("bad_remote", error.to_string())),
        (None, Some(remote)) => Ok(remote.url.clone()),
        (None, None) => Err(
            ApiError::bad_request("no_remote", "the project has no remote yet")
                .help("say which with its URL"),
        ),
    }
}

/// Credentials are for the host that they were given for.
fn without_credentials(secrets: RemoteSecrets) -> RemoteSecrets {
    RemoteSecrets {
        webhook: secrets.webhook,
        ..RemoteSecrets::default()
    }
}

fn provider(
    given: Option<&str>,
    url: &RemoteUrl,
    remote: Option<&Remote>,
) -> Result<Provider, ApiError> {
    match (given, remote) {
        (Some(given), _) => given
            .parse()
            .map_err(|error: towpath_model::ProviderError| bad("bad_provider", &error)),
        (None, Some(remote)) => Ok(remote.provider),
        (None, None) => Ok(Provider::of_host(&url.host())),
    }
}

fn credential(
    given: &NewRemoteDocument,
    url: &RemoteUrl,
    kept: Credential,
) -> Result<Credential, ApiError> {
    let wrong = |message: &str| Err(ApiError::bad_request("bad_credential", message));
    match (&given.token, &given.ssh_key, url.is_ssh()) {
        (Some(_), Some(_), _) => {
            wrong("a remote is reached with a token or with an SSH key, not both")
        }
        (Some(_), None, true) => {
            wrong("this remote is reached by SSH, which takes a key and no token")
        }
        (None, Some(_), false) => {
            wrong("this remote is reached by HTTPS, which takes a token and no SSH key")
        }
        (Some(token), None, false) => Ok(Credential::Token(secret("token", token)?)),
        (None, Some(key), true) if key.contains("PRIVATE KEY-----") => {
            Ok(Credential::SshKey(Secret::from(key.clone())))
        }
        (None, Some(_), true) => wrong("the SSH key is not a private key in PEM or OpenSSH format"),
        (None, None, ssh) => Ok(match kept {
            Credential::SshKey(_) if !ssh => Credential::None,
            Credential::Token(_) if ssh => Credential::None,
            kept => kept,
        }),
    }
}

fn known_hosts(given: Option<String>, url: &RemoteUrl, remote: Option<&Remote>) -> Option<String> {
    let same_host = |remote: &&Remote| remote.url.host() == url.host();
    let kept = || {
        remote
            .filter(same_host)
            .and_then(|remote| remote.known_hosts.clone())
    };
    given.or_else(kept).filter(|_| url.is_ssh())
}

/// Only what comes through Amazon SNS has a topic.
pub(crate) fn sns_topic(
    given: Option<&str>,
    provider: Provider,
    kept: Option<TopicArn>,
) -> Result<Option<TopicArn>, ApiError> {
    let codecommit = provider == Provider::Codecommit;
    match given {
        None => Ok(kept.filter(|_| codecommit)),
        Some("") => Ok(None),
        Some(_) if !codecommit => {
            let message = format!("a {provider} git host does not send through Amazon SNS");
            Err(ApiError::bad_request("bad_topic", message)
                .help("leave the topic out, or say --provider codecommit"))
        }
        Some(topic) => topic
            .parse()
            .map(Some)
            .map_err(|error: towpath_model::TopicArnError| bad("bad_topic", &error)),
    }
}

fn poll(given: Option<u64>, remote: Option<&Remote>) -> Result<Option<Duration>, ApiError> {
    match (given, remote) {
        (None, Some(remote)) => Ok(remote.poll),
        (None, None) => Ok(Some(POLL)),
        (Some(0), _) => Ok(None),
        (Some(seconds @ SHORTEST..=LONGEST), _) => Ok(Some(Duration::from_secs(seconds))),
        (Some(_), _) => {
            let message = format!("poll_seconds: expected 0 for never, or {SHORTEST} to {LONGEST}");
            Err(ApiError::bad_request("bad_poll", message))
        }
    }
}

/// One line that can stand in a header.
pub(crate) fn secret(what: &str, text: &str) -> Result<Secret, ApiError> {
    let text = text.trim();
    match !text.is_empty() && text.len() <= 4096 && text.bytes().all(|byte| byte.is_ascii_graphic())
    {
        true => Ok(Secret::from(text.to_owned())),
        false => {
            let message = format!("{what}: expected one line of printable characters");
            Err(ApiError::bad_request("bad_secret", message))
        }
    }
}

fn bad(code: &str, error: &dyn std::fmt::Display) -> ApiError {
    ApiError::bad_request(code, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(branches: &[&str], expected: Option<&str>) {
        let branch = |name: &&str| RefName::branch(name).unwrap();
        let branches: Vec<RefName> = branches.iter().map(branch).collect();
        let said = without_branch(&branch(&"main"), &branches);
        assert_eq!(said.as_deref(), expected);
    }

    #[test]
    fn a_remote_without_the_projects_branch_is_told() {
        check(&["dev", "main"], None);
        check(&[], Some("the remote has no branch yet; push main there"));
        check(
            &["dev", "trunk"],
            Some(
                "the remote has no branch main, so that nothing starts; it has dev, trunk: push main there, or make \
                 the project again with --branch dev",
            ),
        );
        let many = ["a", "b", "c", "d", "e", "f"];
        let branches: Vec<RefName> = many
            .iter()
            .map(|name| RefName::branch(name).unwrap())
            .collect();
        let said = without_branch(&RefName::branch("main").unwrap(), &branches).unwrap();
        assert!(said.contains("it has a, b, c, d, e, …: push"), "{said}");
    }
}
