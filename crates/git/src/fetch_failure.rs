//! What git's words about a fetch that failed mean.

use towpath_model::RemoteUrl;

use crate::GitError;

/// How much of git's last line is told, in characters.
const LAST_LINE: usize = 300;

impl GitError {
    /// Says what git's words mean for whoever looks after the project.
    pub(crate) fn explained(self, url: &RemoteUrl) -> Self {
        let Self::Failed { message, .. } = &self else {
            return self;
        };
        Self::Remote(explain(message, url))
    }
}

/// What is wrong, as far as git and ssh say it.
#[derive(Clone, Copy)]
enum Trouble {
    Proxy,
    Certificate,
    Credentials,
    SshKey,
    HostUntrusted,
    HostChanged,
    NoRepository,
    Moved,
    NoSsh,
    Unreachable,
}

/// By what git and ssh say in their C locale; the first that fits counts.
const WORDS: [(Trouble, &[&str]); 10] = [
    (
        Trouble::Proxy,
        &[
            "from proxy after CONNECT",
            "CONNECT tunnel failed",
            "resolve proxy",
            "Proxy CONNECT aborted",
        ],
    ),
    (
        Trouble::Certificate,
        &[
            "certificate verification failed",
            "SSL certificate problem",
            "SSL: no alternative certificate",
        ],
    ),
    (
        Trouble::Credentials,
        &[
            "could not read Username",
            "could not read Password",
            "Authentication failed",
            "error: 401",
            "error: 403",
        ],
    ),
    (
        Trouble::SshKey,
        &["Permission denied (publickey", "Load key"],
    ),
    (Trouble::HostUntrusted, &["host key is known for"]),
    (
        Trouble::HostChanged,
        &[
            "REMOTE HOST IDENTIFICATION HAS CHANGED",
            "Host key verification failed",
        ],
    ),
    // Before the repository that is "not found".
    (Trouble::NoSsh, &["cannot run ssh", "ssh: not found"]),
    (
        Trouble::NoRepository,
        &[
            "not found",
            "does not exist",
            "does not appear to be a git repository",
        ],
    ),
    (
        Trouble::Moved,
        &[
            "unable to update url base from redirection",
            "error: 301",
            "error: 302",
            "error: 307",
            "error: 308",
        ],
    ),
    (
        Trouble::Unreachable,
        &[
            "Could not resolve",
            "Failed to connect",
            "Connection refused",
            "timed out",
        ],
    ),
];

impl Trouble {
    fn find(message: &str) -> Option<Self> {
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        let found = WORDS.iter().find(|(_, words)| says(words));
        found.map(|(trouble, _)| *trouble)
    }
}

fn explain(message: &str, url: &RemoteUrl) -> String {
    let host = url.host();
    match Trouble::find(message) {
        Some(Trouble::Proxy) => format!(
            "the proxy does not lead to {host}: {}; see the server's options --https-proxy and --no-proxy",
            last_line(message)
        ),
        Some(Trouble::Certificate) => format!(
            "the certificate of {host} is not trusted; when a company's own authority has issued it, start the server with --ca-file: {}",
            last_line(message)
        ),
        Some(Trouble::Credentials) => format!(
            "{host} refuses the credentials for {url}: they are missing, wrong or expired; give others with `towpath project remote`"
        ),
        Some(Trouble::SshKey) => format!(
            "{host} refuses the SSH key for {url}; add its public half there as a deploy key, or give another key with `towpath project remote`"
        ),
        Some(Trouble::HostUntrusted) => format!(
            "{host} shows an SSH host key that is none of the trusted ones; when `ssh-keyscan {port}{host} > FILE` shows the one that it is to have, trust it with `towpath project remote --known-hosts FILE`",
            port = port_option(url),
        ),
        Some(Trouble::HostChanged) => format!(
            "{host} shows another SSH host key than the one that is known, so somebody may be in between; when it was replaced, give the new one with `towpath project remote --known-hosts`"
        ),
        Some(Trouble::NoRepository) => {
            format!("there is no repository at {url}, or the credentials may not see it")
        }
        Some(Trouble::Moved) => format!(
            "{url} has moved to another address, which is not followed; give the new one with `towpath project remote`"
        ),
        Some(Trouble::NoSsh) => {
            "the program ssh is missing on this machine; install an OpenSSH client".to_owned()
        }
        Some(Trouble::Unreachable) => format!("{host} cannot be reached: {}", last_line(message)),
        None => format!("cannot fetch {url}: {}", last_line(message)),
    }
}

fn port_option(url: &RemoteUrl) -> String {
    url.port()
        .map_or_else(String::new, |port| format!("-p {port} "))
}

fn last_line(message: &str) -> String {
    let last = message.lines().rfind(|line| !line.trim().is_empty());
    let last = last.unwrap_or("git says nothing");
    last.chars().take(LAST_LINE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_say_what_to_do() {
        let url = "https://github.com/acme/hello".parse().unwrap();
        for (message, expected) in [
            (
                "fatal: unable to access 'x': Received HTTP code 407 from proxy after CONNECT",
                "the proxy does not lead to github.com",
            ),
            (
                "fatal: unable to access 'x': server certificate verification failed. CAfile: none CRLfile: none",
                "--ca-file",
            ),
            (
                "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
                "refuses the credentials",
            ),
            (
                "fatal: unable to access 'x': The requested URL returned error: 403",
                "refuses the credentials",
            ),
            (
                "git@github.com: Permission denied (publickey).",
                "deploy key",
            ),
            (
                "No ED25519 host key is known for github.com and you have requested strict checking.\nHost key verification failed.",
                "`ssh-keyscan github.com > FILE`",
            ),
            (
                "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
                "another SSH host key",
            ),
            (
                "remote: Repository not found.\nfatal: repository 'x' not found",
                "there is no repository",
            ),
            (
                "sh: 1: ssh: not found\nfatal: Could not read from remote repository.",
                "the program ssh is missing",
            ),
            (
                "fatal: unable to access 'x': Could not resolve host: github.com",
                "cannot be reached",
            ),
            (
                "fatal: unable to access 'x': The requested URL returned error: 301",
                "has moved",
            ),
            (
                "fatal: early EOF",
                "cannot fetch https://github.com/acme/hello: fatal: early EOF",
            ),
        ] {
            let explained = explain(message, &url);
            assert!(explained.contains(expected), "{message}: {explained}");
        }
    }
}
