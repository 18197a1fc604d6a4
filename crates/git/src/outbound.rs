//! How git gets out of a company's network: through a proxy, and trusting the company's own authorities.

use std::path::Path;

use hyper_util::client::proxy::matcher::Matcher;
use tokio::process::Command;
use towpath_model::{Outbound, RemoteUrl};
use url::Url;

use crate::GitError;
use crate::remote::write_private;

/// Sets `command` up for this remote. In its environment, as a proxy's URL may hold a password; SSH and plain HTTP,
/// which is only for this machine, go their own way.
pub(crate) fn set_up(
    command: &mut Command,
    remote: &RemoteUrl,
    outbound: &Outbound,
    folder: &Path,
) -> Result<(), GitError> {
    if !remote.as_str().starts_with("https://") {
        return Ok(());
    }
    if let Some(proxy) = proxy_for(remote, outbound) {
        command.env("HTTPS_PROXY", proxy.as_str());
    }
    if let Some(authorities) = &outbound.authorities {
        let file = folder.join("authorities.pem");
        write_private(&file, authorities.as_bytes())?;
        command.env("GIT_SSL_CAINFO", &file);
        command.env("GIT_PROXY_SSL_CAINFO", &file);
    }
    Ok(())
}

/// By the rules that the client of the hosts' APIs has, so that both reach a host the same way.
fn proxy_for<'a>(remote: &RemoteUrl, outbound: &'a Outbound) -> Option<&'a Url> {
    let proxy = outbound.proxy.as_ref()?;
    let matcher = Matcher::builder()
        .https(proxy.as_str())
        .no(outbound.no_proxy.as_str())
        .build();
    let destination = remote.as_str().parse::<http::Uri>().ok()?;
    matcher.intercept(&destination).map(|_| proxy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(remote: &str, no_proxy: &str, expected: bool) {
        let outbound = Outbound {
            proxy: Some("http://user:pass@proxy.acme.example:3128".parse().unwrap()),
            no_proxy: no_proxy.to_owned(),
            authorities: None,
        };
        let remote = RemoteUrl::read(remote).unwrap();
        assert_eq!(
            proxy_for(&remote, &outbound).is_some(),
            expected,
            "{no_proxy}"
        );
    }

    #[test]
    fn some_hosts_are_reached_without_the_proxy() {
        let git = "https://git.acme.example/acme/hello";
        check(git, "", true);
        check(git, "other.example,localhost", true);
        check(git, "git.acme.example", false);
        check(git, "acme.example", false);
        check(git, ".acme.example", false);
        check(git, "other.example, acme.example", false);
        check(git, "*", false);
        check("https://10.1.2.3/acme/hello", "10.0.0.0/8", false);
        check("https://10.1.2.3/acme/hello", "10.1.2.4", true);
    }

    #[test]
    fn only_https_goes_through_the_proxy() {
        let outbound = Outbound {
            proxy: Some("http://proxy.acme.example:3128".parse().unwrap()),
            ..Outbound::default()
        };
        let folder = tempfile::tempdir().unwrap();
        for (remote, proxied) in [
            ("https://git.acme.example/acme/hello", true),
            ("http://127.0.0.1:3000/acme/hello", false),
            ("git@git.acme.example:acme/hello", false),
        ] {
            let mut command = Command::new("git");
            let remote = RemoteUrl::read(remote).unwrap();
            set_up(&mut command, &remote, &outbound, folder.path()).unwrap();
            let set = command.as_std().get_envs().next().is_some();
            assert_eq!(set, proxied, "{remote}");
        }
    }
}
