//! One file a git host: what its payload says, read into facts.

mod bitbucket;
mod codecommit;
mod generic;
mod gitea;
mod github;
mod gitlab;

use std::borrow::Cow;

use http::{HeaderMap, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use towpath_model::{Provider, RepositoryKey};

use crate::delivery::{commit, ref_name};
use crate::headers::text;
use crate::{Delivery, Malformed, Notice, RefChange};

/// Reads a request whose signature was verified.
pub fn read(provider: Provider, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, Malformed> {
    match provider {
        Provider::Github => github::read(headers, body),
        Provider::Gitlab => gitlab::read(headers, body),
        Provider::Gitea => gitea::read(headers, body),
        Provider::Bitbucket => bitbucket::read(headers, body),
        Provider::Codecommit => codecommit::read(body),
        Provider::Generic => generic::read(headers, body),
    }
}

/// A push as GitHub and those that follow it describe it.
#[derive(Deserialize)]
struct Push {
    #[serde(rename = "ref")]
    name: String,
    after: String,
}

impl Push {
    fn notice(&self) -> Result<Notice, Malformed> {
        Ok(Notice::Push(vec![RefChange {
            name: ref_name(&self.name)?,
            new: commit(&self.after)?,
        }]))
    }
}

#[derive(Deserialize, Default)]
struct About {
    #[serde(default)]
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    clone_url: Option<String>,
    default_branch: Option<String>,
}

impl About {
    fn repository(&self) -> Option<RepositoryKey> {
        RepositoryKey::of_url(self.repository.as_ref()?.clone_url.as_deref()?)
    }

    fn default_branch(self) -> Option<String> {
        self.repository?.default_branch
    }
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    serde_json::from_slice(body)
        .map_err(|error| Malformed(format!("the body is not what this git host sends: {error}")))
}

/// The payload of a JSON body, or of a form's field `payload`.
fn payload<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Malformed> {
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Ok(Cow::Borrowed(body));
    }
    url::form_urlencoded::parse(body)
        .find(|(name, _)| name == "payload")
        .map(|(_, value)| Cow::Owned(value.into_owned().into_bytes()))
        .ok_or_else(|| {
            Malformed(
                "the body is a form without the field `payload`; let the git host send JSON"
                    .to_owned(),
            )
        })
}

/// The header that says what happened.
fn event<'a>(given: Option<&'a str>, name: &str) -> Result<&'a str, Malformed> {
    match given {
        Some(event) if event.len() <= 100 => Ok(event),
        Some(_) => Err(Malformed(format!("the header {name} is too long"))),
        None => Err(Malformed(format!("the header {name} is missing"))),
    }
}
