//! What an API server's refusals mean.

use std::error::Error;

use kube::client::AuthError;
use kube::core::Status;

/// Why a request was not done.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// There was no answer.
    Unreachable(String),
    /// The certificate of whoever answers is not accepted.
    Untrusted(String),
    /// 401, or a credential plug-in that failed.
    Unauthenticated(String),
    /// 403 of the authorizer: a right is missing.
    Forbidden(Right),
    NotFound,
    /// Everything else that the server says.
    Refused(Box<Status>),
    /// An answer that cannot be read.
    Unreadable(String),
}

/// A right as the server names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Right {
    pub(super) verb: String,
    /// `deployments.apps`, as `kubectl auth can-i` takes it.
    pub(super) resource: String,
    /// `None` is the whole cluster.
    pub(super) namespace: Option<String>,
}

impl Failure {
    /// Whether asking again may help.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Failure::Unreachable(_) => true,
            Failure::Refused(status) => passes(status),
            _ => false,
        }
    }
}

/// Whether what a server says may be otherwise a moment later.
pub(super) fn passes(status: &Status) -> bool {
    matches!(status.code, 429 | 500 | 502 | 503 | 504)
        && !status.message.contains("webhook")
        // Server-side apply answers 500 for fields that are in no schema.
        && !status.message.contains("typed patch object")
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => of_status(status),
            kube::Error::Auth(error) => Failure::Unauthenticated(of_plugin(&error)),
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
                Failure::Unreadable(in_full(&error))
            }
            kube::Error::Service(error) => of_service(&*error),
            error => Failure::Unreachable(in_full(&error)),
        }
    }
}

/// A credential plug-in that is run again fails as part of the request.
fn of_service(error: &(dyn Error + 'static)) -> Failure {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<AuthError>() {
            return Failure::Unauthenticated(of_plugin(error));
        }
        cause = error.source();
    }
    let why = in_full(error);
    match untrusted(&why) {
        Some(why) => Failure::Untrusted(why),
        None => Failure::Unreachable(without_layers(&why).to_owned()),
    }
}

/// What hyper says of its own parts tells nobody anything.
fn without_layers(why: &str) -> &str {
    let why = why.strip_prefix("client error (Connect): ").unwrap_or(why);
    why.strip_prefix("tcp connect error: ").unwrap_or(why)
}

/// Without its environment and its output, in which secrets may be.
pub(super) fn of_plugin(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { out, .. } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let first = said.lines().map(str::trim).find(|line| !line.is_empty());
            let first = first.unwrap_or("it does not say why");
            let first: String = first.chars().take(300).collect();
            format!("the credential plug-in failed ({}): {first}", out.status)
        }
        AuthError::AuthExecStart(error) => format!(
            "the credential plug-in cannot be started: {error}; it must be installed where the server runs"
        ),
        AuthError::AuthExecParse(_) => {
            "the credential plug-in did not answer with an ExecCredential".to_owned()
        }
        AuthError::ExecPluginFailed => {
            "the credential plug-in answered without credentials (no `status`)".to_owned()
        }
        error => in_full(error),
    }
}

/// What is wrong with the server's certificate, in rustls' words (`rustls::Error`), and what to do.
fn untrusted(why: &str) -> Option<String> {
    if why.contains("InvalidContentType") {
        return Some("what answers at its address does not speak TLS".to_owned());
    }
    let (_, wrong) = why.split_once("invalid peer certificate: ")?;
    let is = |word: &str| wrong.contains(word);
    Some(if is("UnknownIssuer") || is("BadSignature") {
        "the server's certificate is not signed by the certificate authority that is known for it: give the \
         cluster's own (--certificate-authority, or certificate-authority-data in the kubeconfig)"
            .to_owned()
    } else if is("not valid for name") || is("NotValidForName") {
        format!(
            "the server's certificate is for other names: use an address that it is for ({wrong})"
        )
    } else if is("expired") || is("Expired") {
        format!("the server's certificate has expired: it has to be renewed there ({wrong})")
    } else {
        format!("the server's certificate is not valid: {wrong}")
    })
}

fn of_status(status: Box<Status>) -> Failure {
    match status.code {
        401 => Failure::Unauthenticated(said(&status)),
        403 => match missing_right(&status.message) {
            Some(right) => Failure::Forbidden(right),
            None => Failure::Refused(status),
        },
        404 => Failure::NotFound,
        _ => Failure::Refused(status),
    }
}

pub(super) fn said(status: &Status) -> String {
    match status.message.is_empty() {
        true => format!("it answered {} {}", status.code, status.reason),
        false => status.message.clone(),
    }
}

/// Reads `... User "x" cannot patch resource "deployments" in API group "apps" in the namespace "a"` (the
/// authorizer's words, apiserver `responsewriters.ForbiddenStatusError`). Quotas and webhooks say 403, too, but
/// not so.
pub(super) fn missing_right(message: &str) -> Option<Right> {
    let (_, rest) = message.split_once(" cannot ")?;
    let (verb, rest) = rest.split_once(" resource \"")?;
    let (resource, rest) = rest.split_once('"')?;
    let quoted = |before: &str| {
        let (_, rest) = rest.split_once(before)?;
        rest.split_once('"').map(|(text, _)| text.to_owned())
    };
    let group = quoted("in API group \"").unwrap_or_default();
    Some(Right {
        verb: verb.to_owned(),
        resource: match group.is_empty() {
            true => resource.to_owned(),
            false => match resource.split_once('/') {
                Some((plural, sub)) => format!("{plural}.{group}/{sub}"),
                None => format!("{resource}.{group}"),
            },
        },
        namespace: quoted("in the namespace \""),
    })
}

/// The error and all its causes, each said once.
pub(super) fn in_full(error: &(dyn Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let text = next.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = next.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_right_is_read_from_what_the_server_says() {
        let right = |verb: &str, resource: &str, namespace: Option<&str>| {
            Some(Right {
                verb: verb.to_owned(),
                resource: resource.to_owned(),
                namespace: namespace.map(str::to_owned),
            })
        };
        let cases = [
            (
                r#"deployments.apps "web" is forbidden: User "limited" cannot patch resource "deployments" in API group "apps" in the namespace "hello""#,
                right("patch", "deployments.apps", Some("hello")),
            ),
            (
                r#"namespaces is forbidden: User "limited" cannot list resource "namespaces" in API group "" at the cluster scope"#,
                right("list", "namespaces", None),
            ),
            (
                r#"pods "a" is forbidden: User "x" cannot get resource "pods/log" in API group "" in the namespace "a": RBAC: role "b" not found"#,
                right("get", "pods/log", Some("a")),
            ),
            (
                r#"deployments.apps "a" is forbidden: User "x" cannot patch resource "deployments/scale" in API group "apps" in the namespace "a""#,
                right("patch", "deployments.apps/scale", Some("a")),
            ),
            (
                r#"pods "a" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2"#,
                None,
            ),
            (
                r#"admission webhook "no.example" denied the request: you cannot have this"#,
                None,
            ),
        ];
        for (message, expected) in cases {
            assert_eq!(missing_right(message), expected, "{message}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_told() {
        for (why, expected) in [
            (
                "client error (Connect): invalid peer certificate: UnknownIssuer",
                Some("is not signed by"),
            ),
            (
                "invalid peer certificate: certificate not valid for name \"a\"; certificate is only valid for \
                 DnsName(\"b\")",
                Some("is for other names"),
            ),
            (
                "invalid peer certificate: certificate expired: verification time 2",
                Some("has expired"),
            ),
            (
                "received corrupt message of type InvalidContentType",
                Some("does not speak TLS"),
            ),
            ("tcp connect error: Connection refused (os error 111)", None),
        ] {
            let told = untrusted(why);
            assert_eq!(told.is_some(), expected.is_some(), "{why}");
            let told = told.unwrap_or_default();
            assert!(told.contains(expected.unwrap_or_default()), "{told}");
        }
    }
}
