crate::checked_text!(
    /// A full git object name of a commit: 40 (SHA-1) or 64 (SHA-256) lower-case hex digits.
    pub CommitId,
    GitNameError,
    check_commit
);
crate::checked_text!(
    /// A full reference name, such as `refs/heads/main`.
    pub RefName,
    GitNameError,
    check_ref
);

impl CommitId {
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

fn check_commit(text: &str) -> Result<(), GitNameError> {
    let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    match matches!(text.len(), 40 | 64) && text.bytes().all(hex) {
        true => Ok(()),
        false => Err(GitNameError::Commit(text.chars().take(100).collect())),
    }
}

impl RefName {
    /// The ref of a branch.
    pub fn branch(branch: &str) -> Result<Self, GitNameError> {
        format!("refs/heads/{branch}").parse()
    }

    /// The branch's name, when this is a branch.
    pub fn branch_name(&self) -> Option<&str> {
        self.0.strip_prefix("refs/heads/")
    }
}

fn check_ref(text: &str) -> Result<(), GitNameError> {
    match is_ref_name(text) {
        true => Ok(()),
        false => Err(GitNameError::Ref(text.chars().take(100).collect())),
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
