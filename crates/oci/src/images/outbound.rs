//! How other registries are reached: through the proxy and with the authorities that the operator gave, as git hosts
//! are, and by nothing of the environment.

use oci_client::client::{Certificate, CertificateEncoding, ClientConfig};
use towpath_model::Outbound;

/// Only a proxy of our own keeps the client from the environment's; none is ever reached by this one.
const NOBODY: &str = "http://127.0.0.1";
const END: &str = "-----END CERTIFICATE-----";

/// `config`, for registries elsewhere.
pub(super) fn elsewhere(config: ClientConfig, outbound: &Outbound) -> ClientConfig {
    let (proxy, excepted) = match &outbound.proxy {
        Some(proxy) => (proxy.as_str(), outbound.no_proxy.as_str()),
        None => (NOBODY, "*"),
    };
    ClientConfig {
        https_proxy: Some(proxy.to_owned()),
        no_proxy: Some(excepted.to_owned()),
        tls_certs_only: certificates(outbound.authorities.as_deref().unwrap_or_default()),
        ..config
    }
}

/// `config`, for registries on this machine, in plain HTTP.
pub(super) fn here(config: ClientConfig) -> ClientConfig {
    ClientConfig {
        http_proxy: Some(NOBODY.to_owned()),
        no_proxy: Some("127.0.0.0/8,::1,localhost".to_owned()),
        ..config
    }
}

/// Each of a PEM file by itself, as the client takes them.
fn certificates(bundle: &str) -> Vec<Certificate> {
    let blocks = bundle.split_inclusive(END);
    blocks
        .filter(|block| block.ends_with(END))
        .map(|block| Certificate {
            encoding: CertificateEncoding::Pem,
            data: block.as_bytes().to_vec(),
        })
        .collect()
}

/// What to do about it, where that is ours to say.
pub(super) fn help(reason: &str) -> &'static str {
    if reason.contains("certificate") {
        "; when a company's own authority has issued its certificate, start the server with --ca-file"
    } else if reason.contains("proxy") || reason.contains("tunnel") {
        "; see the server's options --https-proxy and --no-proxy"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_nothing_and_the_operator_all() {
        let config = elsewhere(ClientConfig::default(), &Outbound::default());
        assert_eq!(config.no_proxy.as_deref(), Some("*"));
        assert!(config.tls_certs_only.is_empty(), "the system's are trusted");
        let outbound = Outbound {
            proxy: Some("http://proxy.acme.example:3128".parse().unwrap()),
            no_proxy: "acme.example".to_owned(),
            authorities: Some(format!("# one\n-----BEGIN\n{END}\n-----BEGIN\n{END}\n\n").into()),
        };
        let config = elsewhere(ClientConfig::default(), &outbound);
        let proxy = config.https_proxy.as_deref();
        assert_eq!(proxy, Some("http://proxy.acme.example:3128/"));
        assert_eq!(config.no_proxy.as_deref(), Some("acme.example"));
        assert_eq!(config.tls_certs_only.len(), 2);
    }
}
