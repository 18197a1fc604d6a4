//! Messages and certificates as SNS makes them, by openssl.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use towpath_model::{Timestamp, TopicArn};
use towpath_testkit::{Authority, require};

use super::certificate::{Authorities, Signer};
use super::message::SnsMessage;
use super::{Service, SnsError};

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:pushes";
const CERTIFICATE: &str = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";

fn topic() -> TopicArn {
    TOPIC.parse().unwrap()
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

fn notification() -> Value {
    json!({
        "Type": "Notification", "MessageId": "m1", "TopicArn": TOPIC, "Subject": "a subject",
        "Message": "{\"detail\": \"two\\nlines\"}", "Timestamp": now().to_string(),
        "SignatureVersion": "2", "Signature": "", "SigningCertURL": CERTIFICATE,
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
    })
}

fn confirmation() -> Value {
    json!({
        "Type": "SubscriptionConfirmation", "MessageId": "m2", "TopicArn": TOPIC, "Token": "t0k3n",
        "Message": "You have chosen to subscribe.\nVisit the SubscribeURL.",
        "SubscribeURL": format!("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t0k3n"),
        "Timestamp": now().to_string(), "SignatureVersion": "1", "Signature": "",
        "SigningCertURL": CERTIFICATE,
    })
}

/// The documented fields, in their order, each with its value on the next line.
fn signed_text(message: &Value) -> String {
    let fields = match message["Type"] == "Notification" {
        true => [
            "Message",
            "MessageId",
            "Subject",
            "Timestamp",
            "TopicArn",
            "Type",
        ]
        .as_slice(),
        false => &[
            "Message",
            "MessageId",
            "SubscribeURL",
            "Timestamp",
            "Token",
            "TopicArn",
            "Type",
        ],
    };
    let there = fields.iter().filter(|field| message[**field].is_string());
    there
        .map(|field| format!("{field}\n{}\n", message[*field].as_str().unwrap()))
        .collect()
}

/// Plays Amazon: an authority, and signers that it has issued certificates for.
struct Amazon(Authority);

impl Amazon {
    fn new() -> Option<Self> {
        let amazon = Self(Authority::new(&require("openssl")?).unwrap());
        amazon.issue("issuer", "root", "basicConstraints=critical,CA:TRUE");
        Some(amazon)
    }

    fn issue(&self, name: &str, by: &str, extensions: &str) {
        self.0.issue_by(by, name, extensions).unwrap();
    }

    fn run(&self, arguments: &[&str]) {
        self.0.openssl(arguments).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn signer(&self, name: &str) -> Signer {
        Signer::read(self.read(&format!("{name}.pem")).as_bytes()).unwrap()
    }

    fn authorities(&self) -> Authorities {
        Authorities::new(Some(&self.read("root.pem")))
    }

    fn sign(&self, key: &str, mut message: Value) -> Vec<u8> {
        let digest = match message["SignatureVersion"] == "1" {
            true => "-sha1",
            false => "-sha256",
        };
        std::fs::write(self.path("text"), signed_text(&message)).unwrap();
        let key = format!("{key}.key");
        self.run(&["dgst", digest, "-sign", &key, "-out", "signature", "text"]);
        let signature = std::fs::read(self.path("signature")).unwrap();
        message["Signature"] = BASE64_STANDARD.encode(signature).into();
        message.to_string().into_bytes()
    }
}

fn read(body: &[u8]) -> Result<SnsMessage, SnsError> {
    SnsMessage::read(&[topic()], body)
}

#[test]
fn both_versions_of_the_signature_are_verified() {
    let Some(amazon) = Amazon::new() else { return };
    amazon.issue("signer", "root", "subjectAltName=DNS:sns.amazonaws.com");
    let signer = amazon.signer("signer");
    for kind in [notification(), confirmation()] {
        for version in ["1", "2"] {
            let mut message = kind.clone();
            message["SignatureVersion"] = version.into();
            let body = amazon.sign("signer", message);
            assert_eq!(read(&body).unwrap().check_signature(&signer), Ok(()));
            for field in [
                "Message",
                "MessageId",
                "Timestamp",
                "SubscribeURL",
                "Token",
                "Subject",
            ] {
                let mut changed: Value = serde_json::from_slice(&body).unwrap();
                if changed[field].is_string() {
                    changed[field] = now().plus(Duration::from_secs(1)).to_string().into();
                    let changed = read(changed.to_string().as_bytes()).unwrap();
                    assert_eq!(
                        changed.check_signature(&signer),
                        Err(SnsError::Wrong),
                        "{field}"
                    );
                }
            }
        }
    }
    let mut message = notification();
    message["Subject"] = Value::Null;
    let body = amazon.sign("signer", message);
    assert_eq!(read(&body).unwrap().check_signature(&signer), Ok(()));
    let mut message: Value = serde_json::from_slice(&body).unwrap();
    message["SignatureVersion"] = "3".into();
    let error = read(message.to_string().as_bytes())
        .unwrap()
        .check_signature(&signer);
    assert!(matches!(error, Err(SnsError::Malformed(_))), "{error:?}");
}

#[test]
fn only_certificates_of_sns_are_trusted() {
    let Some(amazon) = Amazon::new() else { return };
    let check = |signer: &Signer, topic: &str| {
        signer.check(&amazon.authorities(), &topic.parse().unwrap(), now())
    };
    let issue = |name: &str, by: &str, host: &str| {
        amazon.issue(
            name,
            by,
            &format!(
                "subjectAltName=DNS:{host}
extendedKeyUsage=serverAuth"
            ),
        );
        amazon.signer(name)
    };
    let signer = issue("signer", "root", "sns.amazonaws.com");
    assert_eq!(check(&signer, TOPIC), Ok(()));
    let china = "arn:aws-cn:sns:cn-north-1:123456789012:pushes";
    let error = check(&signer, china).unwrap_err();
    assert!(
        error.contains("it is not for sns.amazonaws.com.cn or"),
        "{error}"
    );
    let regional = issue("regional", "root", "sns-signing.me-south-1.amazonaws.com");
    assert_eq!(
        check(&regional, "arn:aws:sns:me-south-1:123456789012:pushes"),
        Ok(())
    );
    assert!(check(&regional, TOPIC).is_err());
    let bucket = issue("bucket", "root", "acme.s3.amazonaws.com");
    assert!(check(&bucket, TOPIC).is_err());

    let mut below = issue("below", "issuer", "sns.amazonaws.com");
    let error = check(&below, TOPIC).unwrap_err();
    assert!(
        error.contains("nobody who is trusted has issued it"),
        "{error}"
    );
    below.add_issuer(pem_to_der(&amazon, "issuer"));
    assert_eq!(check(&below, TOPIC), Ok(()));
    let chain = amazon.read("below.pem") + &amazon.read("issuer.pem");
    assert_eq!(
        check(&Signer::read(chain.as_bytes()).unwrap(), TOPIC),
        Ok(())
    );

    let later = now().plus(Duration::from_secs(20 * 24 * 60 * 60));
    let expired = signer.check(&amazon.authorities(), &topic(), later);
    assert_eq!(expired, Err("it has expired".to_owned()));
    let strangers = signer.check(&Authorities::new(None), &topic(), now());
    assert!(strangers.is_err(), "the world does not know this authority");
    for bad in [
        "",
        "no PEM",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        assert!(Signer::read(bad.as_bytes()).is_err(), "{bad}");
    }
}

fn pem_to_der(amazon: &Amazon, name: &str) -> Vec<u8> {
    let (from, to) = (format!("{name}.pem"), format!("{name}.der"));
    amazon.run(&["x509", "-in", &from, "-outform", "DER", "-out", &to]);
    std::fs::read(amazon.path(&to)).unwrap()
}

#[test]
fn the_issuer_is_asked_for_at_amazons_alone() {
    let Some(amazon) = Amazon::new() else { return };
    for (address, expected) in [
        ("http://crt.r2m01.amazontrust.com/r2m01.cer", true),
        ("http://169.254.169.254/latest/meta-data", false),
        ("http://amazontrust.com.evil.example/", false),
        ("http://crt.amazontrust.com:22/", false),
        ("file:///crt.r2m01.amazontrust.com/x", false),
    ] {
        let extensions = format!(
            "authorityInfoAccess=OCSP;URI:http://ocsp.amazontrust.com,caIssuers;URI:{address}"
        );
        amazon.issue("signer", "root", &extensions);
        let found = amazon.signer("signer").issuer_address();
        assert_eq!(
            found.map(String::from).as_deref() == Some(address),
            expected,
            "{address}"
        );
    }
    amazon.issue("signer", "root", "subjectAltName=DNS:sns.amazonaws.com");
    assert_eq!(amazon.signer("signer").issuer_address(), None);
}

#[test]
fn messages_of_another_topic_or_of_nobody_are_refused() {
    let message = |change: fn(&mut Value)| {
        let mut message = notification();
        change(&mut message);
        read(message.to_string().as_bytes()).unwrap_err()
    };
    let error =
        message(|message| message["TopicArn"] = "arn:aws:sns:eu-west-1:999999999999:pushes".into());
    assert!(matches!(error, SnsError::OtherTopic { .. }), "{error}");
    assert!(error.to_string().contains("999999999999:pushes, and this webhook takes only arn:aws:sns:eu-west-1:123456789012:pushes"), "{error}");
    let error = message(|message| message["Type"] = "Surprise".into());
    assert!(matches!(error, SnsError::Malformed(_)), "{error}");
    let error = message(|message| message["Timestamp"] = "yesterday".into());
    assert!(matches!(error, SnsError::Malformed(_)), "{error}");
    for unsigned in [
        r#"{"detail-type": "CodeCommit Repository State Change"}"#,
        "[]",
        "{",
        "",
    ] {
        let error = read(unsigned.as_bytes()).unwrap_err();
        assert!(matches!(error, SnsError::NotSigned { .. }), "{error}");
    }
}

#[test]
fn old_messages_are_replays() {
    let message = read(notification().to_string().as_bytes()).unwrap();
    let after = |minutes: u64| message.check_age(now().plus(Duration::from_secs(minutes * 60)));
    assert_eq!(after(0), Ok(()));
    assert_eq!(after(70), Ok(()));
    assert!(matches!(after(80), Err(SnsError::Stale { .. })));
    let early = Timestamp(now().0 - 20 * 60 * 1000);
    assert!(matches!(
        message.check_age(early),
        Err(SnsError::Stale { .. })
    ));
}

#[track_caller]
fn check_certificate(address: &str, service: &Service, expected: bool) {
    let mut message = notification();
    message["SigningCertURL"] = address.into();
    let message = read(message.to_string().as_bytes()).unwrap();
    assert_eq!(
        message.certificate_url(service).is_ok(),
        expected,
        "{address}"
    );
}

#[test]
fn certificates_are_fetched_from_the_topics_region_alone() {
    let file = "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";
    for (origin, expected) in [
        ("https://sns.eu-west-1.amazonaws.com", true),
        ("http://sns.eu-west-1.amazonaws.com", false),
        ("https://sns.us-east-1.amazonaws.com", false),
        ("https://sns.eu-west-1.amazonaws.com.cn", false),
        ("https://sns.eu-west-1.amazonaws.com.evil.example", false),
        ("https://evil.example#sns.eu-west-1.amazonaws.com", false),
        ("https://sns.eu-west-1.amazonaws.com@evil.example", false),
        ("https://user@sns.eu-west-1.amazonaws.com", false),
        ("https://sns.eu-west-1.amazonaws.com:8443", false),
        ("https://acme.s3.amazonaws.com", false),
    ] {
        check_certificate(&format!("{origin}/{file}"), &Service::Amazon, expected);
    }
    let host = "https://sns.eu-west-1.amazonaws.com";
    for path in [
        "/?x=.pem",
        "/evil.pem",
        &format!("/a/{file}"),
        &format!("/{file}?x=1"),
        "/SimpleNotificationService-.pem",
    ] {
        check_certificate(&format!("{host}{path}"), &Service::Amazon, false);
    }
    let other = Service::Other("http://127.0.0.1:4566".parse().unwrap());
    check_certificate("http://127.0.0.1:4566/_aws/sns/a.pem", &other, true);
    check_certificate("http://127.0.0.1:4567/_aws/sns/a.pem", &other, false);
    check_certificate(CERTIFICATE, &other, false);
}

#[test]
fn a_confirmation_confirms_this_topic_and_does_nothing_else() {
    let host = "https://sns.eu-west-1.amazonaws.com";
    for (address, expected) in [
        (
            format!("{host}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t"),
            true,
        ),
        (
            format!("{host}/?Action=DeleteTopic&TopicArn={TOPIC}&Token=t"),
            false,
        ),
        (
            format!(
                "{host}/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:999999999999:x"
            ),
            false,
        ),
        (
            format!("{host}/other?Action=ConfirmSubscription&TopicArn={TOPIC}"),
            false,
        ),
        (
            format!("https://evil.example/?Action=ConfirmSubscription&TopicArn={TOPIC}"),
            false,
        ),
        (
            format!("http://169.254.169.254/?Action=ConfirmSubscription&TopicArn={TOPIC}"),
            false,
        ),
    ] {
        let mut message = confirmation();
        message["SubscribeURL"] = address.as_str().into();
        let message = read(message.to_string().as_bytes()).unwrap();
        let url = message.subscribe_url(&Service::Amazon);
        assert_eq!(url.is_ok(), expected, "{address}");
        let told = url
            .err()
            .map_or_else(String::new, |error| error.to_string());
        assert!(!told.contains("Token"), "{told}");
    }
}
