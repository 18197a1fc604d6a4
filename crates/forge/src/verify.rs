use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use towpath_model::Provider;

use crate::headers::{first, text};

/// What a sender and we alone know.
#[derive(Clone)]
pub struct HookSecret(Vec<u8>);

impl HookSecret {
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }
}

impl std::fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HookSecret(***)")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("it is not signed: the header {0} is missing; give the git host the webhook's secret")]
    Missing(&'static str),
    #[error(
        "its signature is wrong: the git host has another secret, or the body was changed on its way"
    )]
    Wrong,
}

/// Whether who sent this knows the secret. In constant time, on the body as it came.
///
/// - GitHub: `X-Hub-Signature-256`, "Validating webhook deliveries".
/// - GitLab: the signing token of Standard Webhooks (`webhook-signature`) when it is there, else `X-Gitlab-Token`.
/// - Gitea, Forgejo, Gogs: their `X-*-Signature` in bare hex, else GitHub's, which they send too.
/// - Bitbucket: `X-Hub-Signature` with `sha256=`.
/// - CodeCommit: EventBridge's and SNS's basic password, or EventBridge's API key as `X-Api-Key`. SNS's own
///   signature is for [`crate::sns`]: without a topic it says only that some AWS account sent it.
/// - generic: `X-Towpath-Signature-256`, as GitHub's.
pub fn verify(
    provider: Provider,
    secret: &HookSecret,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), SignatureError> {
    match provider {
        Provider::Github => prefixed_hex("X-Hub-Signature-256", secret, headers, body),
        Provider::Bitbucket => prefixed_hex("X-Hub-Signature", secret, headers, body),
        Provider::Generic => prefixed_hex("X-Towpath-Signature-256", secret, headers, body),
        Provider::Gitea => gitea(secret, headers, body),
        Provider::Gitlab => gitlab(secret, headers, body),
        Provider::Codecommit => codecommit(secret, headers),
    }
}

/// `sha256=<hex>`, as GitHub signs; for those who call the generic webhook, and for tests.
pub fn sign(secret: &HookSecret, body: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret.0), body);
    let hex: String = tag
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256={hex}")
}

fn prefixed_hex(
    name: &'static str,
    secret: &HookSecret,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), SignatureError> {
    let signature = text(headers, name).ok_or(SignatureError::Missing(name))?;
    let hex = signature.strip_prefix("sha256=");
    check_hmac(&secret.0, body, hex.and_then(from_hex))
}

fn gitea(secret: &HookSecret, headers: &HeaderMap, body: &[u8]) -> Result<(), SignatureError> {
    const OWN: [&str; 3] = [
        "X-Forgejo-Signature",
        "X-Gitea-Signature",
        "X-Gogs-Signature",
    ];
    match first(headers, &OWN) {
        Some(hex) => check_hmac(&secret.0, body, from_hex(hex)),
        None => {
            prefixed_hex("X-Hub-Signature-256", secret, headers, body).map_err(
                |error| match error {
                    SignatureError::Missing(_) => SignatureError::Missing("X-Gitea-Signature"),
                    error => error,
                },
            )
        }
    }
}

fn gitlab(secret: &HookSecret, headers: &HeaderMap, body: &[u8]) -> Result<(), SignatureError> {
    if let Some(signatures) = text(headers, "webhook-signature") {
        return standard_webhook(secret, headers, body, signatures);
    }
    let token = text(headers, "X-Gitlab-Token").ok_or(SignatureError::Missing("X-Gitlab-Token"))?;
    check_same(&secret.0, token.as_bytes())
}

/// Standard Webhooks, "Signature scheme": base64 of the HMAC of `id.timestamp.body`; several signatures,
/// separated by blanks, while a key is being replaced. How old it is does not matter: the id is remembered.
fn standard_webhook(
    secret: &HookSecret,
    headers: &HeaderMap,
    body: &[u8],
    signatures: &str,
) -> Result<(), SignatureError> {
    let part = |name| text(headers, name).ok_or(SignatureError::Missing(name));
    let (id, timestamp) = (part("webhook-id")?, part("webhook-timestamp")?);
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    let key = signing_key(secret);
    let mut verified = Err(SignatureError::Wrong);
    for signature in signatures.split(' ').take(8) {
        let tag = signature
            .strip_prefix("v1,")
            .and_then(|text| STANDARD.decode(text).ok());
        verified = verified.or_else(|_| check_hmac(&key, &signed, tag));
    }
    verified
}

/// GitLab's signing tokens are `whsec_` and base64 of the key.
fn signing_key(secret: &HookSecret) -> Vec<u8> {
    let encoded = secret.0.strip_prefix(b"whsec_".as_slice());
    encoded
        .and_then(|text| STANDARD.decode(text).ok())
        .unwrap_or_else(|| secret.0.clone())
}

fn codecommit(secret: &HookSecret, headers: &HeaderMap) -> Result<(), SignatureError> {
    if let Some(key) = text(headers, "X-Api-Key") {
        return check_same(&secret.0, key.as_bytes());
    }
    let password = text(headers, header::AUTHORIZATION.as_str()).and_then(basic_password);
    let password = password.ok_or(SignatureError::Missing("Authorization, or X-Api-Key,"))?;
    check_same(&secret.0, &password)
}

/// RFC 7617; the user may be any.
fn basic_password(authorization: &str) -> Option<Vec<u8>> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    let decoded = STANDARD.decode(credentials.trim()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    scheme
        .eq_ignore_ascii_case("basic")
        .then(|| decoded[colon + 1..].to_vec())
}

fn check_hmac(key: &[u8], message: &[u8], tag: Option<Vec<u8>>) -> Result<(), SignatureError> {
    let tag = tag.ok_or(SignatureError::Wrong)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::verify(&key, message, &tag).map_err(|_| SignatureError::Wrong)
}

/// By their hashes, so that not even the secret's length shows in the time it takes.
fn check_same(expected: &[u8], given: &[u8]) -> Result<(), SignatureError> {
    let hash = |bytes| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let same = verify_slices_are_equal(hash(expected).as_ref(), hash(given).as_ref());
    same.map_err(|_| SignatureError::Wrong)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let right = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok();
    right.then(|| (0..32).map(byte).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "Validating webhook deliveries", GitHub's own example.
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const HEX: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (
                http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            )
        };
        pairs.iter().map(pair).collect()
    }

    #[track_caller]
    fn check(
        provider: Provider,
        pairs: &[(&'static str, &str)],
        expected: Result<(), SignatureError>,
    ) {
        let secret = HookSecret::new(SECRET);
        let verified = verify(provider, &secret, &headers(pairs), BODY);
        assert_eq!(verified, expected, "{provider} {pairs:?}");
    }

    #[test]
    fn each_scheme_takes_its_own_signature_and_no_other() {
        let (right, wrong) = (format!("sha256={HEX}"), format!("sha256=0{}", &HEX[1..]));
        for (provider, name) in [
            (Provider::Github, "X-Hub-Signature-256"),
            (Provider::Bitbucket, "X-Hub-Signature"),
            (Provider::Generic, "X-Towpath-Signature-256"),
        ] {
            check(provider, &[(name, &right)], Ok(()));
            for bad in [&wrong, HEX, "sha256=", "sha1=00", "", &right[..70]] {
                check(provider, &[(name, bad)], Err(SignatureError::Wrong));
            }
            check(provider, &[], Err(SignatureError::Missing(name)));
        }
        assert_eq!(sign(&HookSecret::new(SECRET), BODY), right);
    }

    #[test]
    fn gitea_and_its_kin_sign_in_bare_hex() {
        let (missing, wrong) = (
            SignatureError::Missing("X-Gitea-Signature"),
            SignatureError::Wrong,
        );
        check(Provider::Gitea, &[("X-Gitea-Signature", HEX)], Ok(()));
        check(Provider::Gitea, &[("X-Forgejo-Signature", HEX)], Ok(()));
        check(Provider::Gitea, &[("X-Gogs-Signature", HEX)], Ok(()));
        let github = format!("sha256={HEX}");
        check(Provider::Gitea, &[("X-Hub-Signature-256", &github)], Ok(()));
        let both = [
            ("X-Gitea-Signature", "00"),
            ("X-Hub-Signature-256", github.as_str()),
        ];
        check(Provider::Gitea, &both, Err(wrong));
        check(Provider::Gitea, &[], Err(missing));
    }

    #[test]
    fn gitlab_sends_a_token_or_a_standard_webhook() {
        check(Provider::Gitlab, &[("X-Gitlab-Token", SECRET)], Ok(()));
        for bad in [
            "",
            "it's a secret to everybody",
            "It's a Secret to Everybody ",
        ] {
            // Blanks around a header's value are not part of it.
            let expected = if bad.trim() == SECRET {
                Ok(())
            } else {
                Err(SignatureError::Wrong)
            };
            check(
                Provider::Gitlab,
                &[("X-Gitlab-Token", bad.trim())],
                expected,
            );
        }
        check(
            Provider::Gitlab,
            &[],
            Err(SignatureError::Missing("X-Gitlab-Token")),
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"0123456789abcdef0123456789abcdef");
        let secret = HookSecret::new(format!(
            "whsec_{}",
            STANDARD.encode(b"0123456789abcdef0123456789abcdef")
        ));
        let tag = STANDARD.encode(hmac::sign(&key, b"msg_1.1700000000.Hello, World!"));
        let signed = |signature: &str| {
            let pairs = [
                ("webhook-id", "msg_1"),
                ("webhook-timestamp", "1700000000"),
                ("webhook-signature", signature),
            ];
            verify(Provider::Gitlab, &secret, &headers(&pairs), BODY)
        };
        assert_eq!(signed(&format!("v1,{tag}")), Ok(()));
        assert_eq!(signed(&format!("v1,AAAA v1,{tag}")), Ok(()));
        assert_eq!(signed("v1,AAAA"), Err(SignatureError::Wrong));
        assert_eq!(signed(&tag), Err(SignatureError::Wrong));
    }

    #[test]
    fn codecommit_is_known_by_password_or_key() {
        check(Provider::Codecommit, &[("X-Api-Key", SECRET)], Ok(()));
        let basic = format!("Basic {}", STANDARD.encode(format!("sns:{SECRET}")));
        check(Provider::Codecommit, &[("Authorization", &basic)], Ok(()));
        for bad in ["Basic eDp5", "Bearer x", "Basic !", "Basic"] {
            assert!(
                verify(
                    Provider::Codecommit,
                    &HookSecret::new(SECRET),
                    &headers(&[("Authorization", bad)]),
                    BODY
                )
                .is_err()
            );
        }
    }
}
