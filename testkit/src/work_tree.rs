use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// A real git work tree in a temporary folder, with an identity of its own.
pub struct WorkTree {
    folder: TempDir,
}

impl WorkTree {
    /// An empty repository on branch `main`.
    pub fn new() -> Result<Self> {
        let tree = Self {
            folder: tempfile::tempdir()?,
        };
        tree.git(&["init", "--quiet", "--initial-branch", "main"])?;
        Ok(tree)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, folders included.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path().join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, content).with_context(|| path.display().to_string())
    }

    /// Copies a folder's content into the work tree.
    pub fn copy(&self, folder: &Path) -> Result<()> {
        let status = Command::new("cp")
            .arg("-a")
            .arg(folder.join("."))
            .arg(self.path())
            .status()?;
        ensure!(status.success(), "cp {}: {status}", folder.display());
        Ok(())
    }

    /// Commits everything and gives the commit's id.
    pub fn commit(&self, message: &str) -> Result<String> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message])?;
        Ok(self.git(&["rev-parse", "HEAD"])?.trim().to_owned())
    }

    /// Pushes `main`.
    pub fn push(&self, url: &str) -> Result<()> {
        self.git(&["push", "--quiet", url, "main"]).map(drop)
    }

    /// Runs git and gives what it printed; a failure is an error with what it said.
    pub fn git(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new("git")
            .current_dir(self.path())
            .args([
                "-c",
                "user.name=Tester",
                "-c",
                "user.email=tester@example.com",
            ])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "git {arguments:?}: {said}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
