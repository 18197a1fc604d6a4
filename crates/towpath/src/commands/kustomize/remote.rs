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
/// Of a repository with its history's last commit and what is checked out of it.
const MOST_REPOSITORY_BYTES: u64 = 1 << 30;
/// How often a repository is measured while git fetches it.
const MEASURED_EVERY: Duration = Duration::from_millis(250);
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
        Some(git) if is_http && !names_a_repository(url) => {
            let why = match content(url).await {
                Ok(content) if holds_objects(&content) || is_named_file(url) => {
                    return file(&content, into).await;
                }
                Ok(_) => "it holds no objects".to_owned(),
                Err(error) => format!("{error:#}"),
            };
            let cloned = repository(url, &git, into).await;
            cloned.with_context(|| format!("{url} is neither a file ({why}) nor a repository"))
        }
        Some(git) => repository(url, &git, into).await,
        None if is_http => file(&content(url).await?, into).await,
        None => bail!("{url} is not the URL of a file or of a git repository"),
    }
}

/// As git hosts write it; others are asked for a file first, as upstream does.
fn names_a_repository(url: &str) -> bool {
    url.contains(".git/")
        || url.contains(".git?")
        || url.ends_with(".git")
        || url.contains("/_git/")
}

fn is_named_file(url: &str) -> bool {
    let path = url.split('?').next().unwrap_or(url);
    let mut ends = [".yaml", ".yml", ".json"].into_iter();
    ends.any(|end| path.ends_with(end))
}

/// Rather than a page for people.
fn holds_objects(content: &[u8]) -> bool {
    let text = std::str::from_utf8(content).ok();
    let documents = text.and_then(|text| towpath_yaml::parse("fetched.yaml", text).ok());
    let mut documents = documents.iter().flatten();
    documents.any(|document| document.root.get("kind").is_some())
}

async fn repository(url: &str, git: &GitUrl, into: &Path) -> Result<Fetched> {
    let cloned = tokio::time::timeout(git.timeout, bounded(into, clone(git, into))).await;
    cloned.with_context(|| {
        let seconds = git.timeout.as_secs();
        format!("{url} was not fetched within {seconds} s; ?timeout= allows more")
    })?
}

/// Stops when more than a build may fetch lies in the folder.
async fn bounded<T>(folder: &Path, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::pin!(work);
    loop {
        let done = tokio::select! {
            done = &mut work => Some(done),
            () = tokio::time::sleep(MEASURED_EVERY) => None,
        };
        if size(folder) > MOST_REPOSITORY_BYTES {
            bail!(
                "the repository has more than {} MiB",
                MOST_REPOSITORY_BYTES >> 20
            );
        }
        if let Some(done) = done {
            return done;
        }
    }
}

/// Of the files below; what vanishes meanwhile does not count.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => size(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

async fn clone(git: &GitUrl, into: &Path) -> Result<Fetched> {
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

async fn file(content: &[u8], into: &Path) -> Result<Fetched> {
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
    let content = tokio::time::timeout(TIMEOUT, download(url))
        .await
        .with_context(|| format!("{url} was not fetched within {} s", TIMEOUT.as_secs()))?;
    content.with_context(|| format!("cannot fetch {url}"))
}

async fn download(url: &str) -> Result<Vec<u8>> {
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
