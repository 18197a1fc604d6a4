//! What `towpath login` stores: a server and its token, in the user's configuration folder.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use url::Url;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Credentials {
    pub server: Url,
    pub token: String,
}

/// The stored credentials, when there are any.
pub fn load() -> Result<Option<Credentials>> {
    let path = path()?;
    match fs::read(&path) {
        Ok(content) => serde_json::from_slice(&content).map(Some).with_context(|| {
            format!(
                "{}: not what `towpath login` writes; log in again",
                path.display()
            )
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// Stores the credentials, readable for the user alone, and says where.
pub fn store(credentials: &Credentials) -> Result<PathBuf> {
    let path = path()?;
    let folder = path
        .parent()
        .context("the configuration file has a folder")?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    write_private(&path, &serde_json::to_vec_pretty(credentials)?)?;
    Ok(path)
}

/// Replaces a file by one that only its owner can read.
pub fn write_private(path: &std::path::Path, content: &[u8]) -> Result<()> {
    let temporary = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let write = || -> std::io::Result<()> {
        let mut file = options.open(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn path() -> Result<PathBuf> {
    let folder = match std::env::var_os("XDG_CONFIG_HOME").filter(|value| !value.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => std::env::home_dir()
            .context("neither XDG_CONFIG_HOME nor HOME is set: nowhere to keep the token")?
            .join(".config"),
    };
    Ok(folder.join("towpath").join("credentials.json"))
}
