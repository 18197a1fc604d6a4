//! How git reaches a remote: protocols, credentials and trusted hosts, in its environment and never in its
//! arguments.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tempfile::TempDir;
use tokio::process::Command;
use towpath_model::{Outbound, Provider, RemoteUrl};
use towpath_store::{Credential, Secret};

use crate::{GitError, outbound};

/// A remote, and with what it is reached.
#[derive(Clone, Debug)]
pub struct Access {
    pub url: RemoteUrl,
    pub provider: Provider,
    pub username: Option<String>,
    pub credential: Credential,
    /// The SSH hosts that are trusted. Without any the first key that the host shows is taken, and kept.
    pub known_hosts: Option<String>,
}

/// The private files of one call of git; removed with it.
pub(crate) struct Prepared {
    known_hosts: Option<PathBuf>,
    _folder: TempDir,
}

impl Prepared {
    /// The hosts that ssh knows now.
    pub(crate) fn known_hosts(&self) -> Option<String> {
        match std::fs::read_to_string(self.known_hosts.as_ref()?) {
            Ok(text) => Some(text).filter(|text| !text.trim().is_empty()),
            Err(error) => {
                tracing::warn!(%error, "the host's SSH key cannot be kept: the next fetch takes the first it is shown again");
                None
            }
        }
    }
}

impl Access {
    /// Lets `command` reach this remote and nothing else by nothing else.
    pub(crate) fn prepare(
        &self,
        command: &mut Command,
        folder: TempDir,
        outbound: &Outbound,
    ) -> Result<Prepared, GitError> {
        command.args(self.options());
        outbound::set_up(command, &self.url, outbound, folder.path())?;
        let mut known_hosts = None;
        if self.url.is_ssh() {
            let file = folder.path().join("known_hosts");
            write_private(&file, self.known_hosts.as_deref().unwrap_or("").as_bytes())?;
            command.env("GIT_SSH_COMMAND", self.ssh(folder.path(), &file)?);
            command.env("GIT_SSH_VARIANT", "ssh");
            known_hosts = Some(file);
        } else if let Credential::Token(token) = &self.credential {
            // Of the environment (git-config(1), "GIT_CONFIG_COUNT"): arguments are everybody's to see.
            command
                .env("GIT_CONFIG_COUNT", "1")
                .env(
                    "GIT_CONFIG_KEY_0",
                    format!("http.{}.extraHeader", self.url.web()),
                )
                .env("GIT_CONFIG_VALUE_0", self.authorization(token)?);
        }
        Ok(Prepared {
            known_hosts,
            _folder: folder,
        })
    }

    fn options(&self) -> Vec<&'static str> {
        let mut settings = vec![
            "protocol.allow=never",
            "protocol.https.allow=always",
            "protocol.ssh.allow=always",
            "http.followRedirects=false",
            // Slower than this for so many seconds is as good as stuck.
            "http.lowSpeedLimit=1000",
            "http.lowSpeedTime=60",
            "credential.helper=",
            "submodule.recurse=false",
        ];
        if self.url.as_str().starts_with("http://") {
            settings.push("protocol.http.allow=always");
        }
        settings
            .into_iter()
            .flat_map(|setting| ["-c", setting])
            .collect()
    }

    fn authorization(&self, token: &Secret) -> Result<String, GitError> {
        let user = self.username.clone().or_else(|| self.url.user());
        let user = user.unwrap_or_else(|| default_user(self.provider).to_owned());
        let pair = format!("{user}:{}", token.expose_str()?);
        Ok(format!(
            "Authorization: Basic {}",
            BASE64_STANDARD.encode(pair)
        ))
    }

    fn ssh(&self, folder: &Path, known_hosts: &Path) -> Result<String, GitError> {
        let policy = match self.known_hosts {
            Some(_) => "yes",
            None => "accept-new",
        };
        let mut words = vec![
            "ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none".to_owned(),
            "-o ClearAllForwardings=yes -o PermitLocalCommand=no -o HashKnownHosts=no".to_owned(),
            "-o ConnectTimeout=20 -o ServerAliveInterval=15 -o ServerAliveCountMax=4".to_owned(),
            format!("-o StrictHostKeyChecking={policy}"),
            format!("-o UserKnownHostsFile={}", quoted(known_hosts)),
        ];
        if let Credential::SshKey(key) = &self.credential {
            let file = folder.join("key");
            let mut content = key.expose().to_vec();
            // ssh takes no key whose last line does not end.
            if content.last() != Some(&b'\n') {
                content.push(b'\n');
            }
            write_private(&file, &content)?;
            words.push(format!("-i {}", quoted(&file)));
        }
        Ok(words.join(" "))
    }
}

/// Bitbucket wants this name for its access tokens; others take any.
fn default_user(provider: Provider) -> &'static str {
    match provider {
        Provider::Bitbucket => "x-token-auth",
        _ => "x-access-token",
    }
}

/// For the shell that git runs ssh with.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), GitError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(content));
    written.map_err(GitError::io("write", path))
}
