use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde_json::Value;
use towpath_model::{Outbound, Provider};

use super::host::Host;
use super::limits;
use super::wire::{self, Wire};
use super::{CommitStatus, Hook, HookHealth};
use crate::outbound::{self, told};

const TIMEOUT: Duration = Duration::from_secs(20);
/// As much of an answer as is read.
const ANSWER: usize = 4 << 20;

/// Talks to git hosts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: Result<reqwest::Client, String>,
}

/// Why a git host did not do what it was asked for; says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    #[error("we know no API of {0} for this")]
    Unsupported(Provider),
    #[error(
        "{0} refuses the API token: it is wrong or expired; give another with `towpath project remote --api-token-file`"
    )]
    Token(String),
    #[error("{host} does not let the API token do this ({status}); it needs {needs}")]
    Rights {
        host: String,
        status: u16,
        needs: &'static str,
    },
    #[error("{host} asks us to wait{}: too many requests", for_so_long(*.wait))]
    Busy {
        host: String,
        /// How long, when it said so.
        wait: Option<Duration>,
    },
    #[error("{host} answered {status}: {message}")]
    Refused {
        host: String,
        status: u16,
        message: String,
    },
    #[error("{host} cannot be reached: {reason}")]
    Unreachable { host: String, reason: String },
}

impl ApiError {
    /// How long the git host wants not to be asked again.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Busy { wait, .. } => *wait,
            _ => None,
        }
    }
}

fn for_so_long(wait: Option<Duration>) -> String {
    wait.map_or_else(String::new, |wait| format!(" {} s", wait.as_secs()))
}

impl Client {
    pub fn new(outbound: &Outbound) -> Self {
        Self {
            http: outbound::client(outbound, TIMEOUT),
        }
    }

    /// Shows a status beside a commit. The same one again is fine.
    pub async fn set_status(&self, host: &Host, status: &CommitStatus) -> Result<(), ApiError> {
        let wire = wire::set_status(host, status).ok_or(ApiError::Unsupported(host.provider))?;
        match self.send(host, wire, status_rights(host.provider)).await {
            // GitLab's words for a status that is so already.
            Err(ApiError::Refused { message, .. })
                if message.contains("Cannot transition status") =>
            {
                Ok(())
            }
            sent => sent.map(drop),
        }
    }

    /// Makes the git host call: changes the webhook of this URL, or makes one. Gives its id.
    pub async fn ensure_hook(&self, host: &Host, hook: &Hook) -> Result<String, ApiError> {
        let unsupported = || ApiError::Unsupported(host.provider);
        let rights = hook_rights(host.provider);
        let list = wire::list_hooks(host).ok_or_else(unsupported)?;
        let list = self.send(host, list, rights).await?;
        if let Some(id) = wire::find_hook(host, &list, &hook.url) {
            let update = wire::update_hook(host, hook, &id).ok_or_else(unsupported)?;
            self.send(host, update, rights).await?;
            return Ok(id);
        }
        let create = wire::create_hook(host, hook).ok_or_else(unsupported)?;
        let created = self.send(host, create, rights).await?;
        wire::hook_id(&created).ok_or_else(|| ApiError::Refused {
            host: host.name.clone(),
            status: 200,
            message: "the webhook that it made has no id".to_owned(),
        })
    }

    /// Whether the webhook of this id is still there and calls `url`.
    pub async fn hook_health(
        &self,
        host: &Host,
        id: &str,
        url: &str,
    ) -> Result<HookHealth, ApiError> {
        let rights = hook_rights(host.provider);
        match self.send(host, wire::get_hook(host, id), rights).await {
            Ok(hook) => Ok(wire::health(&hook, url)),
            // Hosts that hide from a token what it may not see answer the same; the list tells them apart.
            Err(ApiError::Rights { status: 404, .. }) => {
                let list = wire::list_hooks(host).ok_or(ApiError::Unsupported(host.provider))?;
                let list = self.send(host, list, rights).await?;
                Ok(match wire::find_hook(host, &list, url) {
                    Some(_) => HookHealth::Calls,
                    None => HookHealth::Gone,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Removes a webhook. One that is not there is fine.
    pub async fn delete_hook(&self, host: &Host, id: &str) -> Result<(), ApiError> {
        let rights = hook_rights(host.provider);
        match self.send(host, wire::delete_hook(host, id), rights).await {
            Err(ApiError::Rights { status: 404, .. }) => Ok(()),
            sent => sent.map(drop),
        }
    }

    async fn send(&self, host: &Host, wire: Wire, needs: &'static str) -> Result<Value, ApiError> {
        let unreachable = |reason: String| ApiError::Unreachable {
            host: host.name.clone(),
            reason,
        };
        let http = self
            .http
            .as_ref()
            .map_err(|error| unreachable(error.clone()))?;
        let (name, value) = wire::authorization(host);
        let mut request = http
            .request(wire.method, &wire.url)
            .header(name, value)
            .header("Accept", "application/json");
        if let Some(body) = &wire.body {
            request = request.json(body);
        }
        let sent = request.send().await;
        // Without the URL, which says nothing that the host's name does not.
        let response = sent.map_err(|error| unreachable(told(&error.without_url())))?;
        let status = response.status();
        let wait = limits::wait(status, response.headers(), SystemTime::now());
        let text = outbound::read(response, ANSWER)
            .await
            .map_err(unreachable)?;
        match status.is_success() {
            true => Ok(serde_json::from_slice(&text).unwrap_or(Value::Null)),
            false => Err(match wait {
                Some(wait) => ApiError::Busy {
                    host: host.name.clone(),
                    wait: wait.length,
                },
                None => refused(host, status, &text, needs),
            }),
        }
    }
}

fn refused(host: &Host, status: StatusCode, text: &[u8], needs: &'static str) -> ApiError {
    let name = host.name.clone();
    match status {
        StatusCode::UNAUTHORIZED => ApiError::Token(name),
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => ApiError::Rights {
            host: name,
            status: status.as_u16(),
            needs,
        },
        _ => ApiError::Refused {
            host: name,
            status: status.as_u16(),
            message: String::from_utf8_lossy(text)
                .trim()
                .chars()
                .take(200)
                .collect(),
        },
    }
}

fn status_rights(provider: Provider) -> &'static str {
    match provider {
        Provider::Github => {
            "the scope `repo:status`, or as a fine-grained token `Commit statuses: write`"
        }
        Provider::Gitlab => "the scope `api` and the role Developer",
        Provider::Gitea => "the scope `write:repository`",
        Provider::Bitbucket => "the scope `repository:write`, or of Data Center `Repository read`",
        Provider::Codecommit | Provider::Generic => "nothing that we know",
    }
}

fn hook_rights(provider: Provider) -> &'static str {
    match provider {
        Provider::Github => {
            "the scope `admin:repo_hook`, or as a fine-grained token `Webhooks: write`"
        }
        Provider::Gitlab => "the scope `api` and the role Maintainer",
        Provider::Gitea => "the scope `write:repository` and to be the repository's administrator",
        Provider::Bitbucket => {
            "the scope `webhook`, or of Data Center `Repository admin`, and to be the repository's administrator"
        }
        Provider::Codecommit | Provider::Generic => "nothing that we know",
    }
}
