use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::db::to_json;
use crate::tokens::random_secret;
use crate::{Secret, Store, StoreError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    None,
    Token,
    SshKey,
}

/// With what a remote is reached.
#[derive(Clone, Debug, Default)]
pub enum Credential {
    #[default]
    None,
    /// A password or token, for HTTPS.
    Token(Secret),
    /// A private key in ssh's own format, without passphrase.
    SshKey(Secret),
}

/// What must not be seen of a remote.
#[derive(Clone, Debug, Default)]
pub struct RemoteSecrets {
    pub credential: Credential,
    /// For the git host's API: statuses and the webhook's registration.
    pub api_token: Option<Secret>,
    /// What webhooks of this project are signed with.
    pub webhook: Option<Secret>,
}

/// A secret for webhooks that nobody can guess, in letters and digits.
pub fn new_webhook_secret() -> Secret {
    random_secret().into()
}

impl CredentialKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Token => "token",
            Self::SshKey => "ssh-key",
        }
    }
}

impl std::str::FromStr for CredentialKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::None, Self::Token, Self::SshKey]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no kind of credential"))
    }
}

impl Credential {
    pub fn kind(&self) -> CredentialKind {
        match self {
            Self::None => CredentialKind::None,
            Self::Token(_) => CredentialKind::Token,
            Self::SshKey(_) => CredentialKind::SshKey,
        }
    }
}

impl Store {
    pub(crate) fn seal_secrets(
        &self,
        context: &str,
        secrets: &RemoteSecrets,
    ) -> Result<String, StoreError> {
        let plain = Secret::from(to_json(&Plain::new(secrets)?)?);
        Ok(BASE64_STANDARD.encode(self.seal(context, plain.expose())?))
    }

    pub(crate) fn unseal_secrets(
        &self,
        context: &str,
        sealed: &str,
    ) -> Result<RemoteSecrets, StoreError> {
        let sealed = BASE64_STANDARD
            .decode(sealed)
            .map_err(|error| StoreError::corrupt("a remote's secrets", error))?;
        let plain = self.unseal(context, &sealed)?;
        // What serde says of wrong JSON could hold a part of it.
        let plain: Plain = serde_json::from_slice(plain.expose()).map_err(|_| {
            StoreError::corrupt("a remote's secrets", "they are not as we write them")
        })?;
        Ok(plain.into())
    }
}

/// The secrets as they are sealed.
#[derive(Serialize, Deserialize)]
struct Plain {
    token: Option<String>,
    ssh_key: Option<String>,
    api_token: Option<String>,
    webhook: Option<String>,
}

impl Plain {
    fn new(secrets: &RemoteSecrets) -> Result<Self, StoreError> {
        let text = |secret: &Secret| secret.expose_str().map(str::to_owned);
        let (token, ssh_key) = match &secrets.credential {
            Credential::None => (None, None),
            Credential::Token(token) => (Some(text(token)?), None),
            Credential::SshKey(key) => (None, Some(text(key)?)),
        };
        Ok(Self {
            token,
            ssh_key,
            api_token: secrets.api_token.as_ref().map(text).transpose()?,
            webhook: secrets.webhook.as_ref().map(text).transpose()?,
        })
    }
}

impl From<Plain> for RemoteSecrets {
    fn from(plain: Plain) -> Self {
        let credential = match (plain.token, plain.ssh_key) {
            (Some(token), _) => Credential::Token(token.into()),
            (None, Some(key)) => Credential::SshKey(key.into()),
            (None, None) => Credential::None,
        };
        Self {
            credential,
            api_token: plain.api_token.map(Secret::from),
            webhook: plain.webhook.map(Secret::from),
        }
    }
}
