use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A full git object name of a commit: 40 (SHA-1) or 64 (SHA-256) lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(String);

impl CommitId {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }

    /// What git writes for "no object": only zeros.
    pub fn is_zero(&self) -> bool {
        self.0.bytes().all(|b| b == b'0')
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitNameError {
    #[error("{0:?} is not a commit id: expected 40 or 64 lower-case hex digits")]
    Commit(String),
    #[error("{0:?} is not a full ref name: expected refs/... as `git check-ref-format` accepts it")]
    Ref(String),
}

impl FromStr for CommitId {
    type Err = GitNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if matches!(text.len(), 40 | 64) && text.bytes().all(hex) {
            Ok(Self(text.to_owned()))
        } else {
            Err(GitNameError::Commit(text.chars().take(100).collect()))
        }
    }
}

/// A full reference name, such as `refs/heads/main`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RefName(String);

impl RefName {
    /// The ref of a branch.
    pub fn branch(branch: &str) -> Result<Self, GitNameError> {
        format!("refs/heads/{branch}").parse()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The branch's name, when this is a branch.
    pub fn branch_name(&self) -> Option<&str> {
        self.0.strip_prefix("refs/heads/")
    }
}

impl FromStr for RefName {
    type Err = GitNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_ref_name(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(GitNameError::Ref(text.chars().take(100).collect()))
        }
    }
}

/// The rules of git-check-ref-format(1).
fn is_ref_name(name: &str) -> bool {
    let component =
        |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    let forbidden = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    name.len() <= 1024
        && name.starts_with("refs/")
        && name.split('/').count() >= 3
        && name.split('/').all(component)
        && !name.contains(forbidden)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
}

macro_rules! text_conversions {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = GitNameError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
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
text_conversions!(CommitId);
text_conversions!(RefName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ref_names_follow_check_ref_format() {
        for good in ["refs/heads/main", "refs/heads/a/b-c.d", "refs/tags/v1.0"] {
            assert!(good.parse::<RefName>().is_ok(), "{good}");
        }
        for bad in [
            "main",
            "refs/heads",
            "refs/heads/",
            "refs/heads/a..b",
            "refs/heads/.a",
            "refs/heads/a.lock",
            "refs/heads/a b",
            "refs/heads/a\nb",
            "refs/heads/a@{1}",
            "refs//heads/a",
        ] {
            assert!(bad.parse::<RefName>().is_err(), "{bad}");
        }
    }
}
