//! Fetches what kustomizations name by URL: repositories with the program git, files by http.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::StreamExt;
use towpath_kustomize::Remote;

use super::git_url::{self, GitUrl};

/// Of one file fetched by http.
const MOST_BYTES: usize = 16 << 20;
const TIMEOUT: Duration = Duration::from_secs(27);

/// What was fetched, on this disk.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The file, or the folder with the kustomization.
    pub path: PathBuf,
    /// What a kustomization in it may not leave.
    pub root: PathBuf,
    /// Its path is not known yet.
    pub remote: Remote,
}

/// Fetches into the empty folder `into`.
///
/// # Errors
/// When the URL names nothing that can be fetched, or it is not there, or takes too long.
pub async fn fetch(url: &str, into: &Path) -> Result<Fetched> {
    let is_http = url.starts_with("https://") || url.starts_with("http://");
    match git_url::parse(url) {
        Some(_) if is_http && is_file(url) => file(url, into).await,
        Some(git) => tokio::time::timeout(git.timeout, repository(&git, into))
            .await
            .with_context(|| {
                let seconds = git.timeout.as_secs();
                format!("{url} was not fetched within {seconds} s; ?timeout= allows more")
            })?,
        None if is_http => file(url, into).await,
        None => bail!("{url} is not the URL of a file or of a git repository"),
    }
}

/// A manifest rather than a folder with a kustomization.
fn is_file(url: &str) -> bool {
    let path = url.split('?').next().unwrap_or(url);
    let is_yaml = [".yaml", ".yml", ".json"]
        .iter()
        .any(|end| path.ends_with(end));
    is_yaml && !path.contains(".git/") && !url.contains("?ref=")
}

async fn repository(git: &GitUrl, into: &Path) -> Result<Fetched> {
    let root = into.canonicalize()?;
    let reference = match &*git.git_ref {
        "" => "HEAD",
        reference => reference,
    };
    run(&root, &["init", "--quiet"]).await?;
    run(&root, &["remote", "add", "--", "origin", &git.repo]).await?;
    let fetch = ["fetch", "--quiet", "--depth=1", "--", &git.repo, reference];
    run(&root, &fetch).await?;
    run(&root, &["checkout", "--quiet", "FETCH_HEAD"]).await?;
    if git.submodules {
        let update = ["submodule", "--quiet", "update", "--init", "--recursive"];
        run(&root, &update).await?;
    }
    let path = root.join(&git.folder).canonicalize();
    let path = path
        .ok()
        .filter(|path| path.is_dir() && path.starts_with(&root));
    Ok(Fetched {
        path: path.with_context(|| format!("{} has no folder `{}`", git.repo, git.folder))?,
        root,
        remote: Remote {
            path: String::new(),
            repo: git.repo.clone(),
            git_ref: git.git_ref.clone(),
            folder: git.folder.clone(),
        },
    })
}

async fn run(folder: &Path, arguments: &[&str]) -> Result<()> {
    let output = tokio::process::Command::new("git")
        .args(["-c", "protocol.ext.allow=never"])
        .args(arguments)
        .current_dir(folder)
        // Nobody is there to answer.
        .env("GIT_TERMINAL_PROMPT", "0")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot run git: install it to build remote kustomizations")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("git {} failed: {}", arguments.join(" "), said.trim());
    }
    Ok(())
}

async fn file(url: &str, into: &Path) -> Result<Fetched> {
    let content = tokio::time::timeout(TIMEOUT, content(url))
        .await
        .with_context(|| format!("{url} was not fetched within {} s", TIMEOUT.as_secs()))?;
    let content = content.with_context(|| format!("cannot fetch {url}"))?;
    let root = into.canonicalize()?;
    let path = root.join("fetched.yaml");
    tokio::fs::write(&path, content).await?;
    Ok(Fetched {
        path,
        root,
        remote: Remote::default(),
    })
}

async fn content(url: &str) -> Result<Vec<u8>> {
    let response = reqwest::get(url).await?.error_for_status()?;
    let (mut parts, mut content) = (response.bytes_stream(), Vec::new());
    while let Some(part) = parts.next().await {
        content.extend_from_slice(&part?);
        if content.len() > MOST_BYTES {
            bail!("it has more than {} MiB", MOST_BYTES >> 20);
        }
    }
    Ok(content)
}
