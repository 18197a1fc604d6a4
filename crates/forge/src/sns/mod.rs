//! Amazon SNS: whether a message is of the topic that it has to be of, and the confirmation of a subscription.
//!
//! A signature alone says that SNS sent the message for *some* account. What it covers is the topic's ARN, which
//! names the account: so a message is taken only for the topic that an operator has named, and who may publish to
//! that is the topic's own policy.

mod certificate;
mod message;
mod signers;
#[cfg(test)]
mod tests;

use std::time::Duration;

use towpath_model::{Outbound, Timestamp, TopicArn};
use url::Url;

use crate::outbound::{self, told};
use certificate::{Authorities, Signer};
pub use message::{SnsKind, SnsMessage};
use signers::Signers;

/// SNS gives an endpoint 15 s to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The answer to a confirmation is some lines of XML.
const ANSWER: usize = 64 << 10;

/// Verifies messages and confirms subscriptions. Keeps the certificates that it has fetched.
#[derive(Debug)]
pub struct Sns {
    http: Result<reqwest::Client, String>,
    signers: Signers,
    service: Service,
}

/// Where SNS is.
#[derive(Clone, Debug)]
enum Service {
    Amazon,
    /// Something that plays SNS.
    Other(Url),
}

/// Why a message is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnsError {
    #[error(
        "it is no message that Amazon SNS has signed: this webhook takes only those of {topics}; subscribe its URL there with raw message delivery off"
    )]
    NotSigned { topics: String },
    #[error("the SNS message cannot be read: {0}")]
    Malformed(String),
    #[error(
        "it is of the SNS topic {given}, and this webhook takes only {topics}; when that is the right one, name it with --sns-topic"
    )]
    OtherTopic { given: String, topics: String },
    #[error(
        "the SNS message was sent at {sent}, and here it is {now}: what is older than an hour and a quarter could be a replay; if it is not, set this machine's clock"
    )]
    Stale { sent: Timestamp, now: Timestamp },
    #[error("{what} {url:?} is not where SNS has it: expected {origin}/…")]
    Address {
        what: &'static str,
        url: String,
        origin: String,
    },
    #[error("the certificate that the SNS message is signed with is not to be trusted: {0}")]
    Certificate(String),
    #[error(
        "the signature of the SNS message is wrong: it was changed on its way, or SNS did not send it"
    )]
    Wrong,
    /// Nothing is wrong with the message, as far as we know: SNS is to send it again.
    #[error("{0}")]
    Unreachable(String),
}

impl Sns {
    /// `endpoint` is that of something that plays SNS. Its certificates are taken as it serves them, since its host is
    /// known by TLS or is this machine; those of Amazon have to be issued for SNS by an authority that is trusted.
    pub fn new(outbound: &Outbound, endpoint: Option<Url>) -> Self {
        let http = outbound::client(outbound, TIMEOUT);
        Self {
            signers: Signers::new(http.clone(), outbound.authorities.as_deref()),
            http,
            service: endpoint.map_or(Service::Amazon, Service::Other),
        }
    }

    /// Whether SNS has signed this body, lately, for one of these topics. Fetches the certificate when it is a new
    /// one.
    pub async fn verify(
        &self,
        topics: &[TopicArn],
        body: &[u8],
        now: Timestamp,
    ) -> Result<SnsMessage, SnsError> {
        let message = SnsMessage::read(topics, body)?;
        message.check_age(now)?;
        let url = message.certificate_url(&self.service)?;
        let signer = match self.service {
            Service::Amazon => self.signers.amazons(&url, &message.topic, now).await?,
            Service::Other(_) => self.signers.anybodys(&url).await?,
        };
        message.check_signature(&signer)?;
        Ok(message)
    }

    /// Confirms the subscription that a message is about: from then on SNS sends what is published.
    pub async fn confirm(&self, message: &SnsMessage) -> Result<(), SnsError> {
        let url = message.subscribe_url(&self.service)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let unreachable = |reason: String| {
            SnsError::Unreachable(format!(
                "the subscription to {} could not be confirmed at {host}: {reason}; SNS asks again",
                message.topic
            ))
        };
        let http = self
            .http
            .as_ref()
            .map_err(|error| unreachable(error.clone()))?;
        let sent = http.get(url).send().await;
        let response = sent.map_err(|error| unreachable(told(&error.without_url())))?;
        let status = response.status();
        let text = outbound::read(response, ANSWER)
            .await
            .map_err(unreachable)?;
        match status.is_success() {
            true => Ok(()),
            false => {
                let said: String = String::from_utf8_lossy(&text).chars().take(200).collect();
                Err(unreachable(format!(
                    "it answered {status}: {}",
                    said.trim()
                )))
            }
        }
    }
}

/// What [`Sns::verify`] asks of Amazon's messages, with the certificate's file at hand: its issuers are in it, or it has
/// been issued by an authority of Mozilla's list. Reads nothing but its arguments.
pub fn verify_with(
    topics: &[TopicArn],
    body: &[u8],
    certificate: &[u8],
    now: Timestamp,
) -> Result<SnsMessage, SnsError> {
    let message = SnsMessage::read(topics, body)?;
    message.check_age(now)?;
    message.certificate_url(&Service::Amazon)?;
    let signer = Signer::read(certificate).map_err(SnsError::Certificate)?;
    message.check_signature(&signer)?;
    signer
        .check(&Authorities::new(None), &message.topic, now)
        .map_err(SnsError::Certificate)?;
    Ok(message)
}

impl Service {
    /// Whether that is an address where a topic is served.
    fn is_at(&self, url: &Url, topic: &TopicArn) -> bool {
        match self {
            Self::Amazon => {
                let host = topic.endpoint_host();
                let plain =
                    url.port().is_none() && url.username().is_empty() && url.password().is_none();
                url.scheme() == "https" && url.host_str() == Some(host.as_str()) && plain
            }
            Self::Other(endpoint) => url.origin() == endpoint.origin(),
        }
    }

    fn origin(&self, topic: &TopicArn) -> String {
        match self {
            Self::Amazon => format!("https://{}", topic.endpoint_host()),
            Self::Other(endpoint) => endpoint.origin().ascii_serialization(),
        }
    }
}
