use std::fmt;
use std::sync::Arc;

use url::Url;

/// How this server reaches git hosts, registries and Amazon SNS.
#[derive(Clone, Default)]
pub struct Outbound {
    /// An HTTP proxy for `https`; it may hold a password.
    pub proxy: Option<Url>,
    /// Which hosts are reached without it: names, which stand for their subdomains too, addresses, networks such as
    /// `10.0.0.0/8`, or `*`, separated by commas.
    pub no_proxy: String,
    /// All certificate authorities that are trusted, in PEM, when that are others than the system's.
    pub authorities: Option<Arc<str>>,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("proxy", &self.proxy.as_ref().and_then(Url::host_str))
            .field("no_proxy", &self.no_proxy)
            .finish_non_exhaustive()
    }
}
