//! What an API server's refusals mean.

use std::error::Error;

use kube::core::Status;

/// Why a request was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// There was no answer.
    Unreachable(String),
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
            Failure::Refused(status) => {
                matches!(status.code, 429 | 500 | 502 | 503 | 504)
                && !status.message.contains("webhook")
                // Server-side apply answers 500 for fields that are in no schema.
                && !status.message.contains("typed patch object")
            }
            _ => false,
        }
    }
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => of_status(status),
            kube::Error::Auth(error) => Failure::Unauthenticated(in_full(&error)),
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
    let why = in_full(error);
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<kube::client::AuthError>() {
            return Failure::Unauthenticated(why);
        }
        cause = error.source();
    }
    Failure::Unreachable(why)
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
}
