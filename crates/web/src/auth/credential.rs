use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// What an `Authorization` header says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// No header, or basic with neither name nor password: what registry clients send that have none.
    None,
    Token(String),
    /// A header that cannot be read.
    Malformed,
}

impl Credential {
    /// RFC 6750 bearer, or RFC 7617 basic with the token as password and any name.
    pub(crate) fn from_header(header: Option<&str>) -> Self {
        let Some(header) = header else {
            return Self::None;
        };
        match header.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                Self::Token(token.trim().to_owned())
            }
            Some((scheme, encoded)) if scheme.eq_ignore_ascii_case("basic") => basic(encoded),
            _ => Self::Malformed,
        }
    }
}

fn basic(encoded: &str) -> Credential {
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    match text.as_deref().and_then(|text| text.split_once(':')) {
        Some(("", "")) => Credential::None,
        Some((_, password)) => Credential::Token(password.to_owned()),
        None => Credential::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearer_and_basic_carry_the_token() {
        let basic = |text: &str| format!("Basic {}", BASE64_STANDARD.encode(text));
        let token = |text: &str| Credential::Token(text.to_owned());
        for (header, expected) in [
            (None, Credential::None),
            (Some("Bearer t1".to_owned()), token("t1")),
            (Some("bearer t1".to_owned()), token("t1")),
            (Some(basic("any:t1")), token("t1")),
            (Some(basic("any:with:colon")), token("with:colon")),
            (Some(basic(":")), Credential::None),
            (Some(basic("nocolon")), Credential::Malformed),
            (Some("Basic %%%".to_owned()), Credential::Malformed),
            (Some("Digest x".to_owned()), Credential::Malformed),
            (Some("x".to_owned()), Credential::Malformed),
        ] {
            assert!(
                Credential::from_header(header.as_deref()) == expected,
                "{header:?}"
            );
        }
    }
}
