use std::cell::OnceCell;
use std::path::PathBuf;

use anyhow::{Context, Result};
use tempfile::TempDir;

/// Room on the disk for what a build fetches: most builds need none. Gone when it is dropped.
#[derive(Default)]
pub struct Scratch(OnceCell<TempDir>);

impl Scratch {
    /// Makes an empty folder of its own for whoever asks.
    ///
    /// # Errors
    /// When the system's temporary folder takes none.
    pub fn folder(&self) -> Result<PathBuf> {
        let all = match self.0.get() {
            Some(all) => all,
            None => {
                let made = tempfile::tempdir().context("cannot make a temporary folder")?;
                self.0.get_or_init(|| made)
            }
        };
        let folder = tempfile::tempdir_in(all).context("cannot make a temporary folder")?;
        Ok(folder.keep())
    }
}
