#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name:?} is not a {what}: expected 1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit"
)]
pub struct NameError {
    what: &'static str,
    name: String,
}

/// RFC 1123 label, so that the name can be a Kubernetes namespace, a host name and an image repository as it is.
fn is_dns_label(name: &str) -> bool {
    name.len() <= 63 && is_dns_part(name)
}

fn is_dns_part(part: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !part.is_empty() && part.bytes().all(inner) && !part.starts_with('-') && !part.ends_with('-')
}

crate::checked_text!(
    /// A project: one repository, one pipeline, one image repository of the same name.
    pub ProjectName,
    NameError,
    |name| check("project name", name)
);
crate::checked_text!(
    /// A Kubernetes namespace.
    pub Namespace,
    NameError,
    |name| check("namespace", name)
);
crate::checked_text!(
    /// A place where apps run. `local` is this machine and always there.
    pub ClusterName,
    NameError,
    |name| check("cluster name", name)
);

crate::checked_text!(
    /// A Secret of Kubernetes: an RFC 1123 subdomain.
    pub SecretName,
    SecretNameError,
    |name| match is_dns_subdomain(name) {
        true => Ok(()),
        false => Err(SecretNameError(name.chars().take(100).collect())),
    }
);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the name of a secret: expected 1 to 253 of a-z, 0-9, - and ., each part between dots beginning and \
     ending with a letter or digit"
)]
pub struct SecretNameError(String);

/// As Kubernetes checks it: the parts have no limit of their own.
fn is_dns_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_dns_part)
}

fn check(what: &'static str, name: &str) -> Result<(), NameError> {
    match is_dns_label(name) {
        true => Ok(()),
        false => Err(NameError {
            what,
            name: name.chars().take(100).collect(),
        }),
    }
}

impl ProjectName {
    /// The namespace that the project's objects go to unless the project names another.
    pub fn default_namespace(&self) -> Namespace {
        Namespace(self.0.clone())
    }
}

impl ClusterName {
    pub fn local() -> Self {
        Self("local".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_dns_subdomains() {
        for (name, good) in [
            ("registry", true),
            ("registry.example-2", true),
            ("", false),
            ("a..b", false),
            ("A", false),
            ("a/b", false),
        ] {
            assert_eq!(name.parse::<SecretName>().is_ok(), good, "{name}");
        }
    }

    #[test]
    fn names_are_dns_labels() {
        for good in ["a", "hello", "hello-2", "0", &"x".repeat(63)] {
            assert!(good.parse::<ProjectName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "Hello", "a.b", "a/b", "..", &"x".repeat(64)] {
            assert!(bad.parse::<ProjectName>().is_err(), "{bad}");
        }
    }
}
