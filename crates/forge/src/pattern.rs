use towpath_model::{ProjectName, RemoteUrl, RepositoryKey};

towpath_model::checked_text!(
    /// Repositories that may make projects of themselves: `github.com/acme/*` (one level) or
    /// `github.com/acme/hello`. Before the host may stand `http://`, on loopback.
    pub AllowPattern,
    PatternError,
    check
);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} does not say which repositories: expected host/owner/* or host/owner/name, such as github.com/acme/*"
)]
pub struct PatternError(String);

const PLAIN: &str = "http://";

impl AllowPattern {
    pub fn matches(&self, repository: &RepositoryKey) -> bool {
        let (pattern, key) = (self.key(), repository.as_str());
        match pattern.strip_suffix('*') {
            None => pattern == key,
            Some(folder) => key
                .strip_prefix(folder)
                .is_some_and(|name| !name.is_empty() && !name.contains('/')),
        }
    }

    /// Where a repository that matches is fetched from. Made of the pattern and of what matched it, never of
    /// the payload's URL.
    pub fn remote(&self, repository: &RepositoryKey) -> Option<RemoteUrl> {
        let scheme = if self.as_str().starts_with(PLAIN) {
            "http"
        } else {
            "https"
        };
        self.matches(repository)
            .then(|| format!("{scheme}://{repository}.git").parse().ok())?
    }

    /// The host, with its port when it has one of its own.
    pub fn host(&self) -> &str {
        self.key().split('/').next().unwrap_or_default()
    }

    fn key(&self) -> &str {
        self.as_str().strip_prefix(PLAIN).unwrap_or(self.as_str())
    }
}

/// The project's name that a repository's name gives: in lower case, and what a name may not hold as dashes.
pub fn project_name(repository: &RepositoryKey) -> Option<ProjectName> {
    let dashed = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let name: String = repository.name().chars().map(dashed).take(63).collect();
    name.trim_matches('-').parse().ok()
}

fn check(text: &str) -> Result<(), PatternError> {
    let (scheme, key) = match text.strip_prefix(PLAIN) {
        Some(key) => ("http", key),
        None => ("https", text),
    };
    let example = match key.strip_suffix("/*") {
        Some(folder) => format!("{folder}/x"),
        None => key.to_owned(),
    };
    let owned = example.matches('/').count() >= 2;
    let repository = example.parse::<RepositoryKey>().is_ok();
    let remote = format!("{scheme}://{example}").parse::<RemoteUrl>().is_ok();
    match owned && repository && remote && !example.contains('*') {
        true => Ok(()),
        false => Err(PatternError(text.chars().take(200).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> RepositoryKey {
        text.parse().unwrap()
    }

    #[test]
    fn a_star_is_one_level() {
        let pattern: AllowPattern = "github.com/acme/*".parse().unwrap();
        assert!(pattern.matches(&key("github.com/acme/hello")));
        for other in [
            "github.com/acme2/hello",
            "github.com/acme/a/b",
            "github.com.evil.example/acme/hello",
            "evil.example/github.com/acme/hello",
        ] {
            assert!(!pattern.matches(&key(other)), "{other}");
        }
        let one: AllowPattern = "github.com/acme/hello".parse().unwrap();
        assert!(one.matches(&key("github.com/acme/hello")));
        assert!(!one.matches(&key("github.com/acme/hello2")));
    }

    #[test]
    fn the_remote_is_made_of_the_pattern() {
        let remote = |pattern: &str, repository: &str| {
            let pattern: AllowPattern = pattern.parse().unwrap();
            pattern.remote(&key(repository)).map(String::from)
        };
        assert_eq!(
            remote("github.com/acme/*", "github.com/acme/hello").unwrap(),
            "https://github.com/acme/hello.git"
        );
        assert_eq!(
            remote("http://127.0.0.1:3000/acme/*", "127.0.0.1:3000/acme/hello").unwrap(),
            "http://127.0.0.1:3000/acme/hello.git"
        );
        assert_eq!(remote("github.com/acme/*", "github.com/other/hello"), None);
    }

    #[test]
    fn what_allows_too_much_is_refused() {
        for bad in [
            "",
            "*",
            "github.com",
            "github.com/*",
            "*/acme/*",
            "github.com/*/x",
            "github.com/acme/he*",
            "GitHub.com/acme/*",
            "http://github.com/acme/*",
            "github.com/acme/../*",
            "file:///x/y/*",
        ] {
            assert!(bad.parse::<AllowPattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn repositories_name_their_projects() {
        for (repository, name) in [
            ("github.com/acme/hello", Some("hello")),
            ("github.com/acme/hello.world_2", Some("hello-world-2")),
            ("github.com/acme/_x_", Some("x")),
            ("github.com/acme/___", None),
        ] {
            let expected = name.map(|name| name.parse().unwrap());
            assert_eq!(project_name(&key(repository)), expected, "{repository}");
        }
    }
}
