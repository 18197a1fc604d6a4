//! How the server reaches git hosts, registries and Amazon SNS.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use url::Url;

#[derive(Debug, Clone, Default, Args)]
pub struct OutboundOptions {
    /// An HTTP proxy through which git hosts (fetches and APIs), registries and Amazon SNS are reached by https.
    #[arg(long, value_name = "URL", env = "HTTPS_PROXY", hide_env_values = true)]
    // Read later, as what is wrong with an option is told with its value, and this one may hold a password.
    pub https_proxy: Option<String>,
    /// Hosts that are reached without it: names with their subdomains, addresses, networks, or *; separated by commas.
    #[arg(long, value_name = "HOSTS", env = "NO_PROXY")]
    pub no_proxy: Option<String>,
    /// Certificate authorities (PEM) that are trusted beside the system's when git hosts, registries and Amazon SNS are called.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Where something that plays Amazon SNS is, such as LocalStack: https, or http on this machine.
    #[arg(long, value_name = "URL")]
    pub sns_endpoint: Option<SnsEndpoint>,
}

/// A proxy; none is what an empty variable means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyUrl(pub Option<Url>);

impl FromStr for ProxyUrl {
    type Err = String;

    /// Without a scheme it is `http`, as curl reads it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self(None));
        }
        let text = match text.contains("://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        let url = Url::parse(&text).ok();
        let known = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        // Not the text: it may hold a password.
        let expected = "expected http://[user:password@]host[:port], or https://";
        url.filter(known)
            .map(|url| Self(Some(url)))
            .ok_or_else(|| expected.to_owned())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnsEndpoint(pub Url);

impl FromStr for SnsEndpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).ok();
        let here = |url: &Url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        url.filter(|url| url.has_host())
            .filter(|url| url.scheme() == "https" || url.scheme() == "http" && here(url))
            .map(Self)
            .ok_or_else(|| "expected https://host[:port], or http:// for this machine".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_read_as_curl_reads_them() {
        let read = |text: &str| {
            let proxy = text.parse::<ProxyUrl>();
            proxy.map(|proxy| proxy.0.map(|url| url.to_string()))
        };
        assert_eq!(read(""), Ok(None));
        let expected = Ok(Some("http://proxy.acme.example:3128/".to_owned()));
        assert_eq!(read("http://proxy.acme.example:3128"), expected);
        assert_eq!(read("proxy.acme.example:3128"), expected);
        for bad in ["socks5://user:s3cret@proxy", "http://", "://"] {
            let error = read(bad).unwrap_err();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn only_this_machine_plays_sns_without_tls() {
        let read = |text: &str| text.parse::<SnsEndpoint>().is_ok();
        assert!(read("https://sns.acme.example") && read("http://127.0.0.1:4566"));
        assert!(!read("http://sns.acme.example") && !read("localhost:4566"));
    }
}
