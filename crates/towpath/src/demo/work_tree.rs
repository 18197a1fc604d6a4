use std::path::Path;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::process::Command;

/// A work tree of the real git, with an identity of its own.
pub struct WorkTree {
    folder: TempDir,
}

impl WorkTree {
    pub async fn new() -> Result<Self> {
        let tree = Self {
            folder: tempfile::Builder::new().prefix("towpath-demo-").tempdir()?,
        };
        tree.git(&["init", "--quiet"]).await?;
        tree.git(&["symbolic-ref", "HEAD", "refs/heads/main"])
            .await?;
        Ok(tree)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Commits everything and gives the commit's id.
    pub async fn commit(&self, message: &str) -> Result<String> {
        self.git(&["add", "--all"]).await?;
        self.git(&["commit", "--quiet", "--message", message])
            .await?;
        Ok(self.git(&["rev-parse", "HEAD"]).await?.trim().to_owned())
    }

    /// Pushes `main`; the token travels in the environment, so that no process list shows it.
    pub async fn push(&self, url: &str, token: &str) -> Result<()> {
        let helper = "!f() { echo username=demo; echo \"password=$TOWPATH_DEMO_TOKEN\"; }; f";
        let helper = format!("credential.helper={helper}");
        let arguments = [
            "-c",
            "credential.helper=",
            "-c",
            &helper,
            "push",
            "--quiet",
            url,
            "main",
        ];
        self.run(&arguments, Some(token)).await.map(drop)
    }

    async fn git(&self, arguments: &[&str]) -> Result<String> {
        self.run(arguments, None).await
    }

    async fn run(&self, arguments: &[&str], token: Option<&str>) -> Result<String> {
        let mut command = Command::new("git");
        command
            .current_dir(self.path())
            .args([
                "-c",
                "user.name=Towpath demo",
                "-c",
                "user.email=demo@localhost",
            ])
            .args([
                "-c",
                "commit.gpgsign=false",
                "-c",
                "core.hooksPath=/dev/null",
            ])
            .args(arguments)
            .env("GIT_TERMINAL_PROMPT", "0");
        if let Some(token) = token {
            command.env("TOWPATH_DEMO_TOKEN", token);
        }
        let output = command
            .output()
            .await
            .context("cannot start `git`: install it")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "git {}: {}",
            arguments.join(" "),
            said.trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
