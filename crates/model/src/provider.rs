use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whose way of calling a webhook, and whose API, a git host speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    Github,
    Gitlab,
    /// Also Forgejo and Gogs, which speak the same.
    Gitea,
    /// Cloud and Data Center.
    Bitbucket,
    /// AWS CodeCommit through EventBridge or SNS.
    Codecommit,
    /// Anything that can sign a request with HMAC-SHA256.
    Generic,
}

impl Provider {
    pub const ALL: [Self; 6] = [
        Self::Github,
        Self::Gitlab,
        Self::Gitea,
        Self::Bitbucket,
        Self::Codecommit,
        Self::Generic,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Gitea => "gitea",
            Self::Bitbucket => "bitbucket",
            Self::Codecommit => "codecommit",
            Self::Generic => "generic",
        }
    }

    /// What a host's name says: those that everybody knows, and names such as `gitlab.example.com`.
    pub fn of_host(host: &str) -> Self {
        let host = host.to_ascii_lowercase();
        let labels = |name: &str| host.split(['.', '-']).any(|label| label == name);
        match host.as_str() {
            "codeberg.org" => Self::Gitea,
            _ if host.starts_with("git-codecommit.") => Self::Codecommit,
            _ if labels("github") => Self::Github,
            _ if labels("gitlab") => Self::Gitlab,
            _ if labels("gitea") || labels("forgejo") => Self::Gitea,
            _ if labels("bitbucket") => Self::Bitbucket,
            _ => Self::Generic,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a git host that is known: expected github, gitlab, gitea (or forgejo, gogs), bitbucket, codecommit or generic"
)]
pub struct ProviderError(String);

impl FromStr for Provider {
    type Err = ProviderError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if matches!(text, "forgejo" | "gogs") {
            return Ok(Self::Gitea);
        }
        Self::ALL
            .into_iter()
            .find(|provider| provider.as_str() == text)
            .ok_or_else(|| ProviderError(text.chars().take(100).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_aliases_are_known() {
        for provider in Provider::ALL {
            assert_eq!(provider.as_str().parse(), Ok(provider));
        }
        assert_eq!("forgejo".parse(), Ok(Provider::Gitea));
        assert!("svn".parse::<Provider>().is_err());
    }

    #[test]
    fn hosts_tell_their_provider() {
        for (host, provider) in [
            ("github.com", Provider::Github),
            ("github.acme.example", Provider::Github),
            ("GitLab.com", Provider::Gitlab),
            ("gitlab-ee.acme.example", Provider::Gitlab),
            ("codeberg.org", Provider::Gitea),
            ("forgejo.acme.example", Provider::Gitea),
            ("bitbucket.org", Provider::Bitbucket),
            (
                "git-codecommit.eu-west-1.amazonaws.com",
                Provider::Codecommit,
            ),
            ("notgithub.example", Provider::Generic),
            ("git.acme.example", Provider::Generic),
        ] {
            assert_eq!(Provider::of_host(host), provider, "{host}");
        }
    }
}
