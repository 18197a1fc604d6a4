//! What is kept between runs: images, unpacked layers and the build cache, in a folder of the user's.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use towpath_pipeline::Collector;

use crate::server::DataFolder;

/// Runs at the same time, each with a folder of its own: two never wait for or disturb each other.
const MOST: u32 = 8;
const COLLECT: Duration = Duration::from_secs(24 * 60 * 60);
/// What earlier runs left, to be removed beside this one.
const OLD: &str = "old";
/// What a run needs and the next one does not.
const OF_ONE_RUN: [&str; 3] = ["work", "logs", "repos"];

/// The first folder that no other run has. The usual one run at a time always finds the same.
pub fn open(asked: Option<&Path>) -> Result<DataFolder> {
    let cache = match asked {
        Some(folder) => folder.to_owned(),
        None => default_folder()?,
    };
    for number in 0..MOST {
        let folder = cache.join("run").join(number.to_string());
        if let Some(data) = DataFolder::open_if_free(&folder)? {
            set_aside(&data)?;
            return Ok(data);
        }
    }
    bail!(
        "{MOST} runs are going on in {}: wait for one to end",
        cache.display()
    )
}

/// Applies retention when that was not done for a day: layers and images go two weeks after their last use. A
/// run that ends before this does leaves the rest to a later one.
pub async fn collect(collector: Collector, done: PathBuf) {
    let last = fs::metadata(&done).and_then(|metadata| metadata.modified());
    if last.is_ok_and(|last| last.elapsed().is_ok_and(|elapsed| elapsed < COLLECT)) {
        return;
    }
    match collector.collect().await {
        Ok(collected) => tracing::debug!(?collected, "retention applied to the cache"),
        Err(error) => return tracing::warn!(%error, "retention cannot be applied to the cache"),
    }
    if let Err(error) = fs::write(&done, "") {
        tracing::warn!(%error, "the cache will be looked through again");
    }
}

/// Where [`open`] has put what is to be removed.
pub fn old(data: &DataFolder) -> PathBuf {
    data.join(OLD)
}

/// XDG Base Directory Specification: a relative path is no path.
fn default_folder() -> Result<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    if let Some(folder) = named.filter(|folder| folder.is_absolute()) {
        return Ok(folder.join("towpath"));
    }
    let home = std::env::home_dir().context("this user has no home folder: set HOME")?;
    Ok(home.join(".cache/towpath"))
}

/// Removing takes longer than renaming.
fn set_aside(data: &DataFolder) -> Result<()> {
    let old = data.join(OLD);
    fs::create_dir_all(&old).with_context(|| old.display().to_string())?;
    let aside = tempfile::Builder::new().prefix("").tempdir_in(&old)?.keep();
    for name in OF_ONE_RUN {
        let folder = data.join(name);
        match fs::rename(&folder, aside.join(name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            renamed => renamed.with_context(|| folder.display().to_string())?,
        }
    }
    Ok(())
}
