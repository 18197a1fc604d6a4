//! The HTTP client that reaches others: through the proxy and with the authorities that the operator gave, and by
//! nothing of the environment.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, NoProxy, Proxy};
use towpath_model::Outbound;
use url::Url;

/// Follows no redirects: a token is for the host that it was given for, and a host was chosen with care.
pub(crate) fn client(outbound: &Outbound, timeout: Duration) -> Result<Client, String> {
    build(outbound, timeout).map_err(|error| root(&error))
}

fn build(outbound: &Outbound, timeout: Duration) -> reqwest::Result<Client> {
    let mut builder = Client::builder()
        .timeout(timeout)
        .redirect(Policy::none())
        .user_agent("towpath")
        .no_proxy();
    if let Some(proxy) = &outbound.proxy {
        builder = builder
            .proxy(through(Proxy::https, proxy, &outbound.no_proxy)?)
            .proxy(through(Proxy::http, proxy, &not_this_machine(outbound))?);
    }
    if let Some(authorities) = &outbound.authorities {
        builder = builder.tls_certs_only(Certificate::from_pem_bundle(authorities.as_bytes())?);
    }
    builder.build()
}

fn through(
    kind: fn(Url) -> reqwest::Result<Proxy>,
    proxy: &Url,
    no_proxy: &str,
) -> reqwest::Result<Proxy> {
    Ok(kind(proxy.clone())?.no_proxy(NoProxy::from_string(no_proxy)))
}

/// Plain HTTP to this machine is no proxy's business.
fn not_this_machine(outbound: &Outbound) -> String {
    format!("{},localhost,127.0.0.0/8,::1", outbound.no_proxy)
}

/// The body, unless it is larger than `limit` bytes.
pub(crate) async fn read(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| told(&error))? {
        if text.len() + piece.len() > limit {
            return Err(format!("its answer is larger than {limit} bytes"));
        }
        text.extend_from_slice(&piece);
    }
    Ok(text)
}

/// Why a request got no answer, and what to do where that is ours to say.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let cause = root(error);
    let all = chain(error);
    if all.contains("certificate") {
        return format!(
            "{cause}; when a company's own authority has issued its certificate, start the server with --ca-file"
        );
    }
    match all.contains("proxy") || all.contains("tunnel") {
        true => format!("{cause}; see the server's options --https-proxy and --no-proxy"),
        false => cause,
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut all = error.to_string();
    let mut cause = error;
    while let Some(next) = cause.source() {
        all = format!("{all}: {next}");
        cause = next;
    }
    all
}

/// The innermost cause: what it all comes down to.
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
