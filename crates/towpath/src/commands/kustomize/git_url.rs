//! A folder of a git repository as kustomizations name it (upstream's `internal/git/repospec.go`).

use std::time::Duration;

/// What upstream gives git for all of it.
const TIMEOUT: Duration = Duration::from_secs(27);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitUrl {
    /// As git is told it.
    pub repo: String,
    /// In the repository; the empty text is its root.
    pub folder: String,
    /// Branch, tag or commit; the empty text is the default branch.
    pub git_ref: String,
    pub timeout: Duration,
    pub submodules: bool,
}

/// None for what names no repository.
pub fn parse(text: &str) -> Option<GitUrl> {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let (host, rest) = host(path.strip_prefix("git::").unwrap_or(path))?;
    let (repo, folder) = split(&rest, host.starts_with("file://"))?;
    let folder = folder.trim_start_matches('/');
    if repo.is_empty() || folder.split('/').any(|name| name == "..") {
        return None;
    }
    let mut url = GitUrl {
        repo: format!("{host}{repo}"),
        folder: folder.to_owned(),
        git_ref: String::new(),
        timeout: TIMEOUT,
        submodules: true,
    };
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*key {
            "ref" => url.git_ref = value.into_owned(),
            "version" if url.git_ref.is_empty() => url.git_ref = value.into_owned(),
            "timeout" => url.timeout = seconds(&value).unwrap_or(TIMEOUT),
            "submodules" => url.submodules = !matches!(&*value, "false" | "0" | "f" | "F"),
            _ => {}
        }
    }
    Some(url)
}

/// `30` or `30s`, at most ten minutes.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: u64 = text.strip_suffix('s').unwrap_or(text).parse().ok()?;
    (1..=600)
        .contains(&seconds)
        .then(|| Duration::from_secs(seconds))
}

/// Scheme, user and host with what separates them from the path, and the path.
fn host(text: &str) -> Option<(String, String)> {
    if let Some(path) = text.strip_prefix("file://") {
        return Some(("file://".to_owned(), path.to_owned()));
    }
    for scheme in ["https://", "http://", "ssh://"] {
        if let Some(rest) = text.strip_prefix(scheme) {
            let slash = rest.find('/')?;
            let host = format!("{scheme}{}", &rest[..=slash]);
            return Some((host, rest[slash + 1..].to_owned()));
        }
    }
    if let Some(rest) = text
        .strip_prefix("github.com/")
        .or(text.strip_prefix("github.com:"))
    {
        return Some(("https://github.com/".to_owned(), rest.to_owned()));
    }
    let (user, rest) = text.split_once('@')?;
    let colon = rest.find(':').filter(|_| !user.contains('/'))?;
    let host = format!("{user}@{}", &rest[..=colon]);
    Some((host, rest[colon + 1..].to_owned()))
}

/// Repository and folder: by `_git/`, `//` or `.git`, else the first two names are the repository.
fn split(path: &str, is_file: bool) -> Option<(String, String)> {
    let pair = |at: usize, skip: usize| (path[..at].to_owned(), path[at + skip..].to_owned());
    if let Some(start) = path.find("_git/") {
        let after = start + "_git/".len();
        let end = path[after..].find('/').map_or(path.len(), |at| after + at);
        return Some(pair(end, 0));
    }
    if let Some(at) = path.find("//") {
        return Some(pair(at, 2));
    }
    if let Some(at) = path.find(".git") {
        return Some(pair(at + ".git".len(), 0));
    }
    if is_file {
        return Some((path.to_owned(), String::new()));
    }
    let mut slashes = path.match_indices('/').map(|(at, _)| at);
    slashes.next()?;
    Some(pair(slashes.next().unwrap_or(path.len()), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: [&str; 3]) {
        let url = parse(text).unwrap();
        assert_eq!(
            [&*url.repo, &*url.folder, &*url.git_ref],
            expected,
            "{text}"
        );
    }

    #[test]
    fn repositories_are_found() {
        let repo = "https://github.com/org/repo";
        check(
            "https://github.com/org/repo/a/b?ref=v1",
            [repo, "a/b", "v1"],
        );
        check("github.com/org/repo?ref=v1", [repo, "", "v1"]);
        check(
            "https://host/x/y/z.git/a?version=1",
            ["https://host/x/y/z.git", "a", "1"],
        );
        check("https://host/x//a?ref=1", ["https://host/x", "a", "1"]);
        check(
            "git@host:org/repo.git//a",
            ["git@host:org/repo.git", "a", ""],
        );
        check(
            "ssh://git@host/org/repo/a",
            ["ssh://git@host/org/repo", "a", ""],
        );
        check("file:///x/y", ["file:///x/y", "", ""]);
        check("file:///x/y//z?ref=main", ["file:///x/y", "z", "main"]);
        check("https://h/o/_git/r/a", ["https://h/o/_git/r", "a", ""]);
        assert_eq!(parse("https://host/one"), None);
        assert_eq!(parse("../base"), None);
        assert_eq!(parse("https://host/o/r//../../etc"), None);
        let slow = parse("https://host/o/r?timeout=60&submodules=false").unwrap();
        assert_eq!((slow.timeout.as_secs(), slow.submodules), (60, false));
    }
}
