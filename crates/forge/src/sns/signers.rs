//! Fetches the certificates that messages name, and keeps some of them for a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use towpath_model::{Timestamp, TopicArn};
use url::Url;

use super::SnsError;
use super::certificate::{Authorities, Signer};
use crate::outbound::{self, told};

/// Certificates that are kept; SNS has one at a time, in each region.
const KEPT: usize = 16;
/// For so long. It is Amazon who would withdraw one.
const LIFE: Duration = Duration::from_secs(6 * 60 * 60);
/// A certificate has two thousand bytes.
const LARGEST: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Signers {
    http: Result<reqwest::Client, String>,
    authorities: Authorities,
    kept: Mutex<HashMap<Url, Kept>>,
    /// Whoever fetches; the others wait and find what it fetched.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Kept {
    signer: Signer,
    since: Instant,
}

impl Signers {
    pub(super) fn new(http: Result<reqwest::Client, String>, authorities: Option<&str>) -> Self {
        Self {
            http,
            authorities: Authorities::new(authorities),
            kept: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// A certificate of Amazon's, checked anew each time, as it may have expired since it was fetched.
    pub(super) async fn amazons(
        &self,
        url: &Url,
        topic: &TopicArn,
        now: Timestamp,
    ) -> Result<Signer, SnsError> {
        let mut signer = self.signer(url).await?;
        let mut checked = signer.check(&self.authorities, topic, now);
        if checked.is_err()
            && !signer.has_issuers()
            && let Some(address) = signer.issuer_address()
        {
            signer.add_issuer(self.fetch(&address).await?);
            checked = signer.check(&self.authorities, topic, now);
            if checked.is_ok() {
                self.keep(url, &signer);
            }
        }
        checked.map_err(SnsError::Certificate)?;
        Ok(signer)
    }

    /// A certificate as it is.
    pub(super) async fn anybodys(&self, url: &Url) -> Result<Signer, SnsError> {
        self.signer(url).await
    }

    async fn signer(&self, url: &Url) -> Result<Signer, SnsError> {
        if let Some(signer) = self.kept(url) {
            return Ok(signer);
        }
        let _fetching = self.fetching.lock().await;
        if let Some(signer) = self.kept(url) {
            return Ok(signer);
        }
        let pem = self.fetch(url).await?;
        let signer = Signer::read(&pem).map_err(SnsError::Certificate)?;
        self.keep(url, &signer);
        Ok(signer)
    }

    async fn fetch(&self, url: &Url) -> Result<Vec<u8>, SnsError> {
        let unreachable = |reason: String| {
            SnsError::Unreachable(format!(
                "the certificate of an SNS message cannot be fetched from {url}: {reason}; SNS sends it again"
            ))
        };
        let http = self
            .http
            .as_ref()
            .map_err(|error| unreachable(error.clone()))?;
        let sent = http.get(url.clone()).send().await;
        let response = sent.map_err(|error| unreachable(told(&error.without_url())))?;
        match response.status() {
            status if status.is_success() => {
                outbound::read(response, LARGEST).await.map_err(unreachable)
            }
            status if status.is_server_error() => Err(unreachable(format!("it answered {status}"))),
            status => Err(SnsError::Certificate(format!("{url} answers {status}"))),
        }
    }

    fn kept(&self, url: &Url) -> Option<Signer> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| kept.since.elapsed() < LIFE);
        kept.get(url).map(|kept| kept.signer.clone())
    }

    fn keep(&self, url: &Url, signer: &Signer) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT && !kept.contains_key(url) {
            let oldest = kept.iter().min_by_key(|(_, kept)| kept.since);
            if let Some(oldest) = oldest.map(|(url, _)| url.clone()) {
                kept.remove(&oldest);
            }
        }
        let (signer, since) = (signer.clone(), Instant::now());
        kept.insert(url.clone(), Kept { signer, since });
    }
}
