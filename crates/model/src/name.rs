use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

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
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

macro_rules! dns_label {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                if is_dns_label(name) {
                    Ok(Self(name.to_owned()))
                } else {
                    Err(NameError { what: $what, name: name.chars().take(100).collect() })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(name: String) -> Result<Self, Self::Error> {
                name.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

dns_label!(
    /// A project: one repository, one pipeline, one image repository of the same name.
    ProjectName,
    "project name"
);
dns_label!(
    /// A Kubernetes namespace.
    Namespace,
    "namespace"
);
dns_label!(
    /// A place where apps run. `local` is this machine and always there.
    ClusterName,
    "cluster name"
);

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
    fn names_are_dns_labels() {
        for good in ["a", "hello", "hello-2", "0", &"x".repeat(63)] {
            assert!(good.parse::<ProjectName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "Hello", "a.b", "a/b", "..", &"x".repeat(64)] {
            assert!(bad.parse::<ProjectName>().is_err(), "{bad}");
        }
    }
}
