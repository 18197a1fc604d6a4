use url::{Host, Url};

crate::checked_text!(
    /// Where a repository is fetched from: `https://host/path`, `ssh://user@host/path`, or `http://` on
    /// loopback. Holds no password. `git@host:path`, as hosts show it, is read by [`RemoteUrl::read`].
    pub RemoteUrl,
    RemoteUrlError,
    |text| checked(text).map(drop)
);
crate::checked_text!(
    /// A repository by host and path, in lower case and without `.git`: `github.com/acme/hello`. The same
    /// whether it is fetched by HTTPS or SSH.
    pub RepositoryKey,
    RemoteUrlError,
    check_key
);

/// Longer ones are nobody's.
const LONGEST: usize = 1000;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteUrlError {
    #[error(
        "{0:?} is not the URL of a repository: expected https://host/path, ssh://user@host/path or git@host:path"
    )]
    NotAUrl(String),
    #[error(
        "{0}: it is fetched over https or ssh; plain http is only for 127.0.0.1, since anybody on the way could change what is deployed"
    )]
    Scheme(String),
    #[error(
        "the URL of {0} holds a password or token; give it in a file instead, so that it shows in no list and no log"
    )]
    Password(String),
    #[error("{0:?} is not a repository: expected host/path, such as github.com/acme/hello")]
    Key(String),
}

impl RemoteUrl {
    /// Reads what people copy from a git host's page, `git@host:path` included.
    pub fn read(text: &str) -> Result<Self, RemoteUrlError> {
        let text = text.trim();
        match scp_like(text) {
            Some(url) => url.parse(),
            None => text.parse(),
        }
    }

    /// The host's name, without a port.
    pub fn host(&self) -> String {
        self.url().host_str().unwrap_or_default().to_owned()
    }

    /// The port, when it is not the usual one.
    pub fn port(&self) -> Option<u16> {
        self.url().port()
    }

    pub fn is_ssh(&self) -> bool {
        self.0.starts_with("ssh://")
    }

    /// The user that the URL names.
    pub fn user(&self) -> Option<String> {
        let user = self.url().username().to_owned();
        Some(user).filter(|user| !user.is_empty())
    }

    /// The host's own web address: `https://host[:port]`. What is fetched by SSH is asked by HTTPS.
    pub fn web(&self) -> String {
        let url = self.url();
        let host = url.host_str().unwrap_or_default();
        match (url.scheme(), url.port()) {
            ("ssh", _) | ("https", None) => format!("https://{host}"),
            (scheme, None) => format!("{scheme}://{host}"),
            (scheme, Some(port)) => format!("{scheme}://{host}:{port}"),
        }
    }

    /// The path without slashes around it and without `.git`: `acme/hello`.
    pub fn path(&self) -> String {
        path(&self.url()).to_owned()
    }

    /// What URLs of the same repository share, whatever their scheme, user and letter case.
    pub fn repository(&self) -> RepositoryKey {
        RepositoryKey(key(&self.url()))
    }

    fn url(&self) -> Url {
        // It was one when it was checked, and nothing can have changed it.
        Url::parse(&self.0).unwrap_or_else(|_| unreachable!("a checked URL parses"))
    }
}

impl RepositoryKey {
    /// The key of a URL in a payload; none when it is no repository's.
    pub fn of_url(text: &str) -> Option<Self> {
        RemoteUrl::read(text).ok().map(|url| url.repository())
    }

    /// The repository's own name, the last part of its path.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The host, with its port when it has one of its own.
    pub fn host(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }
}

/// `user@host:path`, as git-clone(1) describes it.
fn scp_like(text: &str) -> Option<String> {
    let (user_and_host, path) = text.split_once(':')?;
    let (user, host) = user_and_host.split_once('@')?;
    let plain = !user.is_empty() && !host.is_empty() && !user_and_host.contains('/');
    (plain && !path.starts_with("//")).then(|| {
        let path = path.trim_start_matches('/');
        format!("ssh://{user}@{host}/{path}")
    })
}

fn checked(text: &str) -> Result<Url, RemoteUrlError> {
    let shown = || text.chars().take(200).collect::<String>();
    let not_a_url = || RemoteUrlError::NotAUrl(shown());
    let printable = text.len() <= LONGEST && !text.contains(|c: char| c.is_control() || c == ' ');
    if !printable {
        return Err(not_a_url());
    }
    let url = Url::parse(text).map_err(|_| not_a_url())?;
    let host = url.host_str().unwrap_or_default();
    if url.password().is_some() {
        return Err(RemoteUrlError::Password(host.to_owned()));
    }
    // What begins with a dash could be taken for an option by a program on the way.
    let dashed = host.starts_with('-') || url.username().starts_with('-') || host.contains('%');
    let whole = !host.is_empty() && !path(&url).is_empty() && !dashed;
    if !whole || url.query().is_some() || url.fragment().is_some() {
        return Err(not_a_url());
    }
    match url.scheme() {
        "https" | "ssh" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(RemoteUrlError::Scheme(shown())),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn path(url: &Url) -> &str {
    let path = url.path().trim_matches('/');
    path.strip_suffix(".git").unwrap_or(path)
}

/// An SSH port says nothing about which host it is.
fn key(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().filter(|_| url.scheme() != "ssh");
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{host}{port}/{}", path(url)).to_ascii_lowercase()
}

fn check_key(text: &str) -> Result<(), RemoteUrlError> {
    let parsed = Url::parse(&format!("http://{text}"));
    let same = parsed.is_ok_and(|url| key(&url) == text && !path(&url).is_empty());
    match same && text.len() <= LONGEST {
        true => Ok(()),
        false => Err(RemoteUrlError::Key(text.chars().take(200).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_repository_has_one_key() {
        for url in [
            "https://github.com/acme/hello",
            "https://github.com/acme/hello.git",
            "https://GitHub.com/Acme/Hello.git/",
            "https://ann@github.com/acme/hello",
            "git@github.com:acme/hello.git",
            "ssh://git@github.com:22/acme/hello.git",
            "ssh://git@github.com:2222/acme/hello.git",
        ] {
            let url = RemoteUrl::read(url).unwrap();
            assert_eq!(url.repository().as_str(), "github.com/acme/hello", "{url}");
            assert_eq!(url.repository().as_str().parse(), Ok(url.repository()));
        }
        let local = RemoteUrl::read("http://127.0.0.1:3000/acme/hello.git").unwrap();
        assert_eq!(local.repository().as_str(), "127.0.0.1:3000/acme/hello");
        assert_eq!(local.web(), "http://127.0.0.1:3000");
    }

    #[test]
    fn what_is_no_remote_is_refused() {
        for bad in [
            "",
            "hello",
            "https://",
            "https://github.com",
            "https://github.com/",
            "file:///etc",
            "/srv/git/hello",
            "ext::sh -c id",
            "http://github.com/acme/hello",
            "git://github.com/acme/hello",
            "https://ann:secret@github.com/acme/hello",
            "https://github.com/acme/hello?x=1",
            "ssh://-oProxyCommand=id/x",
            "-u@host:path",
            "ssh://git@host/pa th",
            "ssh://git@host/a\nb",
        ] {
            assert!(RemoteUrl::read(bad).is_err(), "{bad}");
        }
        let error = RemoteUrl::read("https://ann:secret@github.com/a/b").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn keys_are_checked() {
        for bad in [
            "",
            "github.com",
            "github.com/",
            "GitHub.com/a/b",
            "a/b/../c",
            "a b/c",
        ] {
            assert!(bad.parse::<RepositoryKey>().is_err(), "{bad}");
        }
    }
}
