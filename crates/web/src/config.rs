use std::net::SocketAddr;
use std::path::PathBuf;

use towpath_model::{ProjectName, Provider};
use url::Url;

use crate::auth::host_is_loopback;

/// How the server is reached, which decides who may read and which requests are ours.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// The address that the listener really has (port 0 resolved).
    pub listen: SocketAddr,
    /// What clients use when it is not the listen address.
    pub public_url: Option<Url>,
    /// A proxy in front of us speaks TLS.
    pub behind_proxy: bool,
    pub tls: Option<TlsConfig>,
}

/// PEM files of the certificate chain and its key.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    pub cert: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "listening on {0} without TLS would send tokens in the clear; \
         give --tls-cert and --tls-key, or --behind-proxy when a proxy in front speaks TLS, or listen on 127.0.0.1"
    )]
    PlainHttp(SocketAddr),
    #[error("--public-url {0}: expected http://host[:port] or https://host[:port], without a path")]
    PublicUrl(Url),
}

impl WebConfig {
    /// Refuses what would be unsafe or cannot work.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !self.listen.ip().is_loopback() && self.tls.is_none() && !self.behind_proxy {
            return Err(ConfigError::PlainHttp(self.listen));
        }
        match &self.public_url {
            Some(url) if !is_base_url(url) => Err(ConfigError::PublicUrl(url.clone())),
            _ => Ok(()),
        }
    }

    /// `http://127.0.0.1:8480`, without a slash at its end.
    pub fn base_url(&self) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None if self.tls.is_some() => format!("https://{}", self.listen),
            None => format!("http://{}", self.listen),
        }
    }

    /// What to give `git clone` and `git remote add`.
    pub fn clone_url(&self, project: &ProjectName) -> String {
        format!("{}/git/{project}.git", self.base_url())
    }

    /// Where a git host is to call: for a project, or for many repositories.
    pub fn hook_url(&self, provider: Provider, project: Option<&ProjectName>) -> String {
        let base = format!("{}/webhooks/{provider}", self.base_url());
        project.map_or(base.clone(), |project| format!("{base}/{project}"))
    }

    /// Browsers reach us only over TLS, so cookies need not travel otherwise.
    pub(crate) fn browsers_use_tls(&self) -> bool {
        let public_https = self
            .public_url
            .as_ref()
            .is_some_and(|url| url.scheme() == "https");
        self.tls.is_some() || public_https
    }

    /// Whether whoever reads under our own name needs a token.
    pub fn reads_need_token(&self) -> bool {
        !(self.is_local() && self.is_only_here())
    }

    /// Whether our own name means this machine, whoever reads it.
    pub fn is_only_here(&self) -> bool {
        let url = self.base_url();
        let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host);
        host_is_loopback(host)
    }

    /// Whether nobody but this machine can send us requests, as far as we know.
    pub(crate) fn is_local(&self) -> bool {
        self.listen.ip().is_loopback() && !self.behind_proxy
    }
}

fn is_base_url(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.username().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(listen: &str) -> WebConfig {
        WebConfig {
            listen: listen.parse().unwrap(),
            public_url: None,
            behind_proxy: false,
            tls: None,
        }
    }

    #[test]
    fn plain_http_off_loopback_is_refused() {
        assert_eq!(config("127.0.0.1:8480").check(), Ok(()));
        assert_eq!(config("[::1]:8480").check(), Ok(()));
        assert!(config("0.0.0.0:8480").check().is_err());
        let mut proxied = config("0.0.0.0:8480");
        proxied.behind_proxy = true;
        assert_eq!(proxied.check(), Ok(()));
    }

    #[test]
    fn the_public_url_is_a_base() {
        for (url, good) in [
            ("https://towpath.example", true),
            ("http://towpath.example:8080/", true),
            ("ftp://towpath.example", false),
            ("https://towpath.example/sub", false),
            ("https://me@towpath.example", false),
        ] {
            let mut config = config("127.0.0.1:1");
            config.public_url = Some(url.parse().unwrap());
            assert_eq!(config.check().is_ok(), good, "{url}");
        }
    }
}
