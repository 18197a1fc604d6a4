use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use towpath_model::{Provider, RemoteUrl};

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A repository at a git host's API, and the token for it.
#[derive(Clone)]
pub struct Host {
    pub(super) provider: Provider,
    /// Bitbucket of one's own: another API than that of bitbucket.org.
    pub(super) is_data_center: bool,
    /// For people.
    pub(super) name: String,
    /// Of the repository, without a slash at its end.
    pub(super) base: String,
    pub(super) token: String,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Host({})", self.base)
    }
}

impl Host {
    /// The API beside the remote: github.com and bitbucket.org have a host of their own for it, others a path.
    pub fn new(provider: Provider, remote: &RemoteUrl, token: &str) -> Self {
        Self {
            provider,
            is_data_center: is_data_center(provider, remote),
            name: remote.host(),
            base: base(provider, remote),
            token: token.trim().to_owned(),
        }
    }
}

fn base(provider: Provider, remote: &RemoteUrl) -> String {
    let (web, path) = (remote.web(), remote.path());
    let segments: Vec<String> = path.split('/').map(encode).collect();
    let path_as_is = segments.join("/");
    match (provider, remote.host().as_str()) {
        (Provider::Github, "github.com") => format!("https://api.github.com/repos/{path_as_is}"),
        (Provider::Github, _) => format!("{web}/api/v3/repos/{path_as_is}"),
        (Provider::Bitbucket, "bitbucket.org") => {
            format!("https://api.bitbucket.org/2.0/repositories/{path_as_is}")
        }
        (Provider::Bitbucket, _) => data_center(&web, &segments),
        // "Namespaced paths": the slashes are encoded too.
        (Provider::Gitlab, _) => format!("{web}/api/v4/projects/{}", encode(&path)),
        (Provider::Gitea | Provider::Codecommit | Provider::Generic, _) => {
            format!("{web}/api/v1/repos/{path_as_is}")
        }
    }
}

fn is_data_center(provider: Provider, remote: &RemoteUrl) -> bool {
    provider == Provider::Bitbucket && remote.host() != "bitbucket.org"
}

/// "Bitbucket Data Center REST API": what is fetched from `<context>/scm/<project>/<repository>`, or by SSH from
/// `<project>/<repository>`.
fn data_center(web: &str, segments: &[String]) -> String {
    let scm = segments.iter().position(|segment| segment == "scm");
    let (context, rest) = match scm {
        Some(at) => (&segments[..at], &segments[at + 1..]),
        None => (&segments[..0], segments),
    };
    let context: String = context
        .iter()
        .map(|segment| format!("/{segment}"))
        .collect();
    let (project, repository) = match rest {
        [project, repository] => (project.as_str(), repository.as_str()),
        other => ("", other.last().map_or("", String::as_str)),
    };
    format!("{web}{context}/rest/api/1.0/projects/{project}/repos/{repository}")
}

pub(super) fn encode(text: &str) -> String {
    // What the URL has encoded already is not to be encoded twice.
    let plain = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    utf8_percent_encode(&plain, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apis_are_beside_their_remotes() {
        for (provider, remote, expected) in [
            (
                Provider::Github,
                "git@github.com:acme/hello.git",
                "https://api.github.com/repos/acme/hello",
            ),
            (
                Provider::Github,
                "https://github.acme.example/acme/hello",
                "https://github.acme.example/api/v3/repos/acme/hello",
            ),
            (
                Provider::Gitlab,
                "https://gitlab.com/acme/sub/hello.git",
                "https://gitlab.com/api/v4/projects/acme%2Fsub%2Fhello",
            ),
            (
                Provider::Gitea,
                "ssh://git@codeberg.org/acme/hello.git",
                "https://codeberg.org/api/v1/repos/acme/hello",
            ),
            (
                Provider::Bitbucket,
                "https://bitbucket.org/acme/hello",
                "https://api.bitbucket.org/2.0/repositories/acme/hello",
            ),
            (
                Provider::Bitbucket,
                "https://git.acme.example/scm/ACME/hello.git",
                "https://git.acme.example/rest/api/1.0/projects/ACME/repos/hello",
            ),
            (
                Provider::Bitbucket,
                "https://acme.example:8443/bitbucket/scm/~ann/hello.git",
                "https://acme.example:8443/bitbucket/rest/api/1.0/projects/~ann/repos/hello",
            ),
            (
                Provider::Bitbucket,
                "ssh://git@git.acme.example:7999/ACME/hello.git",
                "https://git.acme.example/rest/api/1.0/projects/ACME/repos/hello",
            ),
            (
                Provider::Gitlab,
                "http://127.0.0.1:3000/acme/hello",
                "http://127.0.0.1:3000/api/v4/projects/acme%2Fhello",
            ),
        ] {
            let remote = RemoteUrl::read(remote).unwrap();
            let host = Host::new(provider, &remote, "s3cret\n");
            assert_eq!(host.base, expected);
            assert_eq!(host.token, "s3cret");
            assert!(!format!("{host:?}").contains("s3cret"));
        }
    }
}
