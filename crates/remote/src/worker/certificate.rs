use rustls::CertificateError;
use tokio_tungstenite::tungstenite;

/// What is wrong with a server's certificate, and what to do, when that is why a call failed.
pub(super) fn why_not_trusted(error: &tungstenite::Error) -> Option<String> {
    let tungstenite::Error::Io(error) = error else {
        return None;
    };
    match error.get_ref()?.downcast_ref()? {
        rustls::Error::InvalidCertificate(problem) => Some(in_words(problem)),
        _ => None,
    }
}

fn in_words(problem: &CertificateError) -> String {
    match problem {
        // A different authority of the same name is a bad signature.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "no authority that the worker knows has issued it; name the one that has with \
             `towpath serve --public-ca FILE`"
                .to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired, or this node's clock is wrong; renew it".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet; this node's clock may be wrong".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name; give the server one for the host of --public-url".to_owned()
        }
        problem if is_an_authority(problem) => {
            "it is an authority's (basicConstraints CA:TRUE), not a server's; make one with CA:FALSE"
                .to_owned()
        }
        problem => format!("{problem:?}"),
    }
}

/// What `openssl req -x509` makes unless it is told otherwise.
fn is_an_authority(problem: &CertificateError) -> bool {
    format!("{problem:?}").contains("CaUsedAsEndEntity")
}
