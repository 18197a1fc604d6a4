//! What SNS sends, and the string that it signs ("Verifying the signatures of Amazon SNS messages"). Pure.

use std::time::Duration;

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use towpath_model::{Timestamp, TopicArn};
use url::Url;

use super::certificate::Signer;
use super::{Service, SnsError};

/// SNS tries for at most an hour to deliver; the rest is for clocks.
const OLDEST: Duration = Duration::from_secs(75 * 60);
const FROM_THE_FUTURE: Duration = Duration::from_secs(15 * 60);

/// A message whose topic is one of those that are taken.
#[derive(Clone, Debug)]
pub struct SnsMessage {
    pub topic: TopicArn,
    pub kind: SnsKind,
    envelope: Envelope,
    timestamp: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnsKind {
    Notification,
    SubscriptionConfirmation,
    UnsubscribeConfirmation,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    #[serde(rename = "Type")]
    kind: String,
    message_id: String,
    topic_arn: String,
    message: String,
    subject: Option<String>,
    token: Option<String>,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
    timestamp: String,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
}

/// As much of an envelope as tells that it is one.
#[derive(Deserialize)]
struct Outline {
    #[serde(rename = "Signature")]
    _signature: String,
    #[serde(rename = "TopicArn")]
    _topic: String,
}

impl SnsMessage {
    pub(super) fn read(topics: &[TopicArn], body: &[u8]) -> Result<Self, SnsError> {
        if serde_json::from_slice::<Outline>(body).is_err() {
            let topics = listed(topics);
            return Err(SnsError::NotSigned { topics });
        }
        let envelope: Envelope = serde_json::from_slice(body).map_err(malformed)?;
        let given = &envelope.topic_arn;
        let topic = topics.iter().find(|topic| topic.as_str() == given);
        let topic = topic.ok_or_else(|| SnsError::OtherTopic {
            given: given.chars().take(300).collect(),
            topics: listed(topics),
        })?;
        Ok(Self {
            topic: topic.clone(),
            kind: kind(&envelope.kind)?,
            timestamp: envelope.timestamp.parse().map_err(malformed)?,
            envelope,
        })
    }

    /// The delivery's id is remembered too, but not for ever.
    pub(super) fn check_age(&self, now: Timestamp) -> Result<(), SnsError> {
        let (age, ahead) = (now.since(self.timestamp), self.timestamp.since(now));
        match age <= OLDEST && ahead <= FROM_THE_FUTURE {
            true => Ok(()),
            false => Err(SnsError::Stale {
                sent: self.timestamp,
                now,
            }),
        }
    }

    pub(super) fn certificate_url(&self, service: &Service) -> Result<Url, SnsError> {
        let given = &self.envelope.signing_cert_url;
        let url = self.address("the certificate's address", given, service)?;
        let named_so = match service {
            Service::Amazon => is_amazons_file(url.path()),
            Service::Other(_) => url.path().ends_with(".pem"),
        };
        match named_so && url.query().is_none() && url.fragment().is_none() {
            true => Ok(url),
            false => Err(elsewhere(
                "the certificate's address",
                given,
                &self.topic,
                service,
            )),
        }
    }

    /// The address that confirms this topic's subscription, and does nothing else.
    pub(super) fn subscribe_url(&self, service: &Service) -> Result<Url, SnsError> {
        let given = self.envelope.subscribe_url.as_deref().unwrap_or_default();
        let what = "the confirmation's address";
        let url = self.address(what, given, service)?;
        let asks = |name: &str, value: &str| {
            url.query_pairs()
                .any(|pair| pair == (name.into(), value.into()))
        };
        let confirms =
            asks("Action", "ConfirmSubscription") && asks("TopicArn", self.topic.as_str());
        match confirms && url.path() == "/" {
            true => Ok(url),
            false => Err(elsewhere(what, given, &self.topic, service)),
        }
    }

    pub(super) fn check_signature(&self, signer: &Signer) -> Result<(), SnsError> {
        let algorithm: &'static RsaParameters = match self.envelope.signature_version.as_str() {
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            other => {
                let other: String = other.chars().take(20).collect();
                return Err(malformed(format!(
                    "its SignatureVersion is {other:?}: known are 1 and 2"
                )));
            }
        };
        let signature = BASE64_STANDARD
            .decode(&self.envelope.signature)
            .map_err(|_| SnsError::Wrong)?;
        let text = self.signed_text()?;
        UnparsedPublicKey::new(algorithm, signer.public_key())
            .verify(text.as_bytes(), &signature)
            .map_err(|_| SnsError::Wrong)
    }

    fn signed_text(&self) -> Result<String, SnsError> {
        let envelope = &self.envelope;
        let needed = |name, value: &Option<String>| {
            let value = value.clone();
            value.ok_or_else(|| malformed(format!("a {} without {name}", envelope.kind)))
        };
        let mut text = String::new();
        let mut add = |name: &str, value: &str| text.extend([name, "\n", value, "\n"]);
        add("Message", &envelope.message);
        add("MessageId", &envelope.message_id);
        if self.kind == SnsKind::Notification {
            if let Some(subject) = &envelope.subject {
                add("Subject", subject);
            }
            add("Timestamp", &envelope.timestamp);
        } else {
            add(
                "SubscribeURL",
                &needed("SubscribeURL", &envelope.subscribe_url)?,
            );
            add("Timestamp", &envelope.timestamp);
            add("Token", &needed("Token", &envelope.token)?);
        }
        add("TopicArn", &envelope.topic_arn);
        add("Type", &envelope.kind);
        Ok(text)
    }

    fn address(&self, what: &'static str, given: &str, service: &Service) -> Result<Url, SnsError> {
        let url = Url::parse(given).ok();
        url.filter(|url| service.is_at(url, &self.topic))
            .ok_or_else(|| elsewhere(what, given, &self.topic, service))
    }
}

/// `/SimpleNotificationService-<32 hexadecimal digits>.pem`: nothing else of that host is a certificate.
fn is_amazons_file(path: &str) -> bool {
    let digits = path
        .strip_prefix("/SimpleNotificationService-")
        .and_then(|rest| rest.strip_suffix(".pem"));
    digits.is_some_and(|digits| {
        digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn kind(text: &str) -> Result<SnsKind, SnsError> {
    match text {
        "Notification" => Ok(SnsKind::Notification),
        "SubscriptionConfirmation" => Ok(SnsKind::SubscriptionConfirmation),
        "UnsubscribeConfirmation" => Ok(SnsKind::UnsubscribeConfirmation),
        other => {
            let other: String = other.chars().take(100).collect();
            Err(malformed(format!("its Type is {other:?}")))
        }
    }
}

/// Told without the address's query, in which a subscription's token is: this goes into the log.
fn elsewhere(what: &'static str, given: &str, topic: &TopicArn, service: &Service) -> SnsError {
    let place = given.split(['?', '#']).next().unwrap_or_default();
    SnsError::Address {
        what,
        url: place.chars().take(300).collect(),
        origin: service.origin(topic),
    }
}

fn listed(topics: &[TopicArn]) -> String {
    let topics: Vec<&str> = topics.iter().map(TopicArn::as_str).collect();
    topics.join(", ")
}

fn malformed(error: impl std::fmt::Display) -> SnsError {
    SnsError::Malformed(error.to_string())
}
