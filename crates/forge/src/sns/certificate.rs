//! The certificates that SNS signs with, and whether they are its own. Pure.

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use towpath_model::{Timestamp, TopicArn};
use url::Url;
use webpki::{EndEntityCert, KeyUsage};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::AuthorityInfoAccessSyntax;
use x509_cert::ext::pkix::name::GeneralName;

/// More than any chain has.
const LONGEST: usize = 8;
/// Issuers are fetched by plain HTTP (RFC 5280, 4.2.2.1), which may say anything: from nobody but Amazon, and checked.
const ISSUERS: &str = ".amazontrust.com";
/// `id-ad-caIssuers`
const CA_ISSUERS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");

/// A certificate, with as much of its chain as came with it.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    certificate: CertificateDer<'static>,
    issuers: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

/// Whom certificates of Amazon's have to lead to.
#[derive(Clone, Debug)]
pub(super) struct Authorities(Vec<TrustAnchor<'static>>);

impl Authorities {
    /// Those of Mozilla's list; or those of `pem`, which an operator gave, alone.
    pub(super) fn new(pem: Option<&str>) -> Self {
        let Some(pem) = pem else {
            return Self(webpki_roots::TLS_SERVER_ROOTS.to_vec());
        };
        let certificates = CertificateDer::pem_slice_iter(pem.as_bytes()).flatten();
        // A file of authorities may hold one that is of no use here.
        let anchor = |certificate: CertificateDer<'static>| {
            let anchor = webpki::anchor_from_trusted_cert(&certificate).ok()?;
            Some(anchor.to_owned())
        };
        Self(certificates.filter_map(anchor).collect())
    }
}

impl Signer {
    /// The first certificate of a PEM file is the signer's, the others are its issuers.
    pub(super) fn read(pem: &[u8]) -> Result<Self, String> {
        let read: Result<Vec<CertificateDer<'static>>, _> =
            CertificateDer::pem_slice_iter(pem).take(LONGEST).collect();
        let mut all = read.map_err(|error| format!("its file is no PEM: {error}"))?;
        if all.is_empty() {
            return Err("its file holds no certificate".to_owned());
        }
        let certificate = all.remove(0);
        let key = EndEntityCert::try_from(&certificate)
            .map_err(|error| format!("it cannot be read: {error}"))?
            .subject_public_key_info()
            .to_vec();
        Ok(Self {
            certificate,
            issuers: all,
            key,
        })
    }

    pub(super) fn public_key(&self) -> &[u8] {
        &self.key
    }

    pub(super) fn add_issuer(&mut self, der: Vec<u8>) {
        self.issuers.push(CertificateDer::from(der));
    }

    pub(super) fn has_issuers(&self) -> bool {
        !self.issuers.is_empty()
    }

    /// Whether it is valid now, of SNS in the topic's region, and leads to one of these authorities.
    pub(super) fn check(
        &self,
        authorities: &Authorities,
        topic: &TopicArn,
        now: Timestamp,
    ) -> Result<(), String> {
        let certificate = EndEntityCert::try_from(&self.certificate)
            .map_err(|error| format!("it cannot be read: {error}"))?;
        let seconds = u64::try_from(now.0 / 1000).unwrap_or(0);
        certificate
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &authorities.0,
                &self.issuers,
                UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)),
                KeyUsage::server_auth(),
                None,
                None,
            )
            .map_err(|error| told(&error))?;
        let names = names(topic);
        let is_for = |name: &String| {
            let name = ServerName::try_from(name.as_str());
            name.is_ok_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok())
        };
        match names.iter().any(is_for) {
            true => Ok(()),
            false => Err(format!("it is not for {}", names.join(" or "))),
        }
    }

    /// Where the issuer's certificate is, which SNS does not send along ("Authority Information Access").
    pub(super) fn issuer_address(&self) -> Option<Url> {
        let certificate = Certificate::from_der(&self.certificate).ok()?;
        let access = certificate
            .tbs_certificate
            .get::<AuthorityInfoAccessSyntax>();
        let (_, access) = access.ok()??;
        access
            .0
            .iter()
            .filter(|access| access.access_method == CA_ISSUERS)
            .find_map(|access| match &access.access_location {
                GeneralName::UniformResourceIdentifier(url) => {
                    Url::parse(url.as_str()).ok().filter(is_issuers)
                }
                _ => None,
            })
    }
}

fn is_issuers(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    matches!(url.scheme(), "http" | "https") && host.ends_with(ISSUERS) && url.port().is_none()
}

/// Which names SNS signs under: one for all, and of later regions one each. As the AWS SDK for Java has them.
fn names(topic: &TopicArn) -> Vec<String> {
    let region = match topic.region() {
        "us-gov-east-1" => "us-gov-west-1",
        region => region,
    };
    let suffix = match topic.as_str().starts_with("arn:aws-cn:") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    };
    vec![
        format!("sns.{suffix}"),
        format!("sns-{region}.{suffix}"),
        format!("sns-signing.{region}.{suffix}"),
    ]
}

fn told(error: &webpki::Error) -> String {
    match error {
        webpki::Error::UnknownIssuer => {
            "nobody who is trusted has issued it; authorities of your own go into --ca-file"
                .to_owned()
        }
        webpki::Error::CertExpired { .. } => "it has expired".to_owned(),
        webpki::Error::CertNotValidYet { .. } => {
            "it is not valid yet; is this machine's clock right?".to_owned()
        }
        other => other.to_string(),
    }
}
