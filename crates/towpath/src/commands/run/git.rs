//! The user's own `git`, with the user's own configuration: filters and ignore files are as they are there.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// What a git hook that starts us leaves in the environment: it is about another command.
const INHERITED: [&str; 6] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX",
];

/// One git command.
pub struct Git(Command);

impl Git {
    /// In a folder.
    pub fn at(folder: &Path) -> Self {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(folder)
            .env("GIT_TERMINAL_PROMPT", "0")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        for variable in INHERITED {
            command.env_remove(variable);
        }
        Self(command)
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.0.args(arguments);
        self
    }

    /// What it prints; none when it fails, which for a question is an answer.
    pub async fn ask(mut self) -> Result<Option<String>> {
        let output = self.0.output().await.context(NO_GIT)?;
        match output.status.success() {
            true => Ok(Some(text(&output.stdout)?)),
            false => Ok(None),
        }
    }

    /// What it prints; a failure is an error with what git says.
    pub async fn run(mut self) -> Result<String> {
        let output = self.0.output().await.context(NO_GIT)?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        text(&output.stdout)
    }
}

const NO_GIT: &str = "cannot start `git`: install it";

/// A repository with a work tree, found from a folder in it.
pub struct Repository {
    pub top: PathBuf,
    pub index: PathBuf,
    pub objects: PathBuf,
    /// None before the first commit.
    pub head: Option<Head>,
    /// None when HEAD is detached.
    pub branch: Option<String>,
    /// Lines of `remote.<name>.url <url>`.
    pub remotes: String,
}

pub struct Head {
    pub commit: String,
    pub tree: String,
}

impl Head {
    /// From two lines.
    fn read(said: &str) -> Option<Self> {
        let (commit, tree) = said.split_once('\n')?;
        Some(Self {
            commit: commit.to_owned(),
            tree: tree.to_owned(),
        })
    }
}

impl Repository {
    /// None when the folder is in none.
    pub async fn find(folder: &Path) -> Result<Option<Self>> {
        let paths = Git::at(folder)
            .args(["rev-parse", "--path-format=absolute", "--show-toplevel"])
            .args(["--git-path", "index", "--git-path", "objects"]);
        let head = Git::at(folder).args(["rev-parse", "HEAD^{commit}", "HEAD^{tree}"]);
        let branch = Git::at(folder).args(["symbolic-ref", "--quiet", "--short", "HEAD"]);
        let remotes = Git::at(folder).args(["config", "--get-regexp", r"^remote\..*\.url$"]);
        let (paths, head, branch, remotes) =
            tokio::try_join!(paths.ask(), head.ask(), branch.ask(), remotes.ask())?;
        let Some(paths) = paths else {
            return refused(folder).await;
        };
        let lines: Vec<&str> = paths.lines().collect();
        let [top, index, objects] = lines[..] else {
            bail!(
                "{}: git names its folders in a way that cannot be read: {paths:?}",
                folder.display()
            );
        };
        Ok(Some(Self {
            top: top.into(),
            index: index.into(),
            objects: objects.into(),
            head: head.as_deref().and_then(Head::read),
            branch,
            remotes: remotes.unwrap_or_default(),
        }))
    }
}

fn text(output: &[u8]) -> Result<String> {
    let text = std::str::from_utf8(output).context("git names a path that is not UTF-8")?;
    Ok(text.trim_end_matches('\n').to_owned())
}

/// No repository, or one that git does not want to work with: bare, or another user's.
async fn refused(folder: &Path) -> Result<Option<Repository>> {
    match Git::at(folder)
        .env("LC_ALL", "C")
        .args(["rev-parse", "--show-toplevel"])
        .run()
        .await
    {
        Ok(_) => bail!(
            "{}: this git is too old: install git 2.31 or newer",
            folder.display()
        ),
        Err(error) if error.to_string().contains("not a git repository") => Ok(None),
        Err(error) => Err(error.context(format!("{}", folder.display()))),
    }
}
