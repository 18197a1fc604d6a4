//! What the options and the system say about how others are reached, as the crates below want it.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use towpath_model::Outbound;
use url::Url;

use crate::cli::outbound::{OutboundOptions, ProxyUrl};

/// As PEM files have it (RFC 7468).
const LINE: usize = 64;

pub fn outbound(options: &OutboundOptions) -> Result<Outbound> {
    let authorities = options.ca_file.as_deref().map(authorities).transpose()?;
    let no_proxy = options.no_proxy.clone().or_else(|| variable("no_proxy"));
    Ok(Outbound {
        proxy: proxy(options)?,
        no_proxy: no_proxy.unwrap_or_default(),
        authorities: authorities.map(Into::into),
    })
}

/// curl and git know the variable in lower case too.
fn proxy(options: &OutboundOptions) -> Result<Option<Url>> {
    let given = options.https_proxy.clone();
    let Some(text) = given.or_else(|| variable("https_proxy")) else {
        return Ok(None);
    };
    match text.parse::<ProxyUrl>() {
        Ok(proxy) => Ok(proxy.0),
        Err(error) => bail!("--https-proxy, or the variable HTTPS_PROXY: {error}"),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// The system's authorities and those of the file: git takes one file, which replaces its own.
fn authorities(file: &Path) -> Result<String> {
    let given = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the certificate authorities {}", file.display()))?;
    if !given.contains("-----BEGIN CERTIFICATE-----") {
        bail!("{} holds no certificate in PEM", file.display());
    }
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "an authority of the system cannot be read");
    }
    let mut all = given;
    if !all.ends_with('\n') {
        all.push('\n');
    }
    for certificate in &system.certs {
        write_pem(&mut all, certificate.as_ref())?;
    }
    Ok(all)
}

fn write_pem(text: &mut String, der: &[u8]) -> Result<()> {
    writeln!(text, "-----BEGIN CERTIFICATE-----")?;
    let encoded = BASE64_STANDARD.encode(der);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE));
        writeln!(text, "{line}")?;
        rest = more;
    }
    writeln!(text, "-----END CERTIFICATE-----")?;
    Ok(())
}
