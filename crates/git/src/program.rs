use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::GitError;
use crate::process::output;

/// The `git` program and the environment that it runs in. Nothing is inherited.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Absolute: a program that has to be looked for in a PATH of its own is started by a copy of the whole
    /// server, which costs a millisecond or two.
    git: PathBuf,
    search_path: OsString,
    /// An empty folder: no user's configuration.
    home: PathBuf,
    http_backend: PathBuf,
}

impl Program {
    /// Makes sure that git is there, new enough, with its HTTP backend.
    pub(crate) async fn find(search_path: OsString, home: PathBuf) -> Result<Self, GitError> {
        let git = std::env::split_paths(&search_path)
            .map(|folder| folder.join("git"))
            .find(|git| git.is_absolute() && git.is_file())
            .ok_or_else(|| {
                let folders = search_path.to_string_lossy();
                GitError::Program(format!("there is none in {folders}"))
            })?;
        let mut program = Self {
            git,
            search_path,
            home,
            http_backend: PathBuf::new(),
        };
        check_version(&program.told("--version").await?)?;
        let folder = program.told("--exec-path").await?;
        program.http_backend = Path::new(folder.trim_end()).join("git-http-backend");
        if !program.http_backend.is_file() {
            return Err(GitError::Program(format!(
                "{} is missing",
                program.http_backend.display()
            )));
        }
        Ok(program)
    }

    async fn told(&self, option: &str) -> Result<String, GitError> {
        let mut command = self.command();
        command.arg(option);
        match output(command, 4096).await {
            Ok(answer) => Ok(String::from_utf8_lossy(&answer).into_owned()),
            Err(error) => Err(GitError::Program(error.to_string())),
        }
    }

    /// `git --git-dir=<repository>`
    pub(crate) fn within(&self, repository: &Path) -> Command {
        let mut command = self.command();
        command.arg("--git-dir").arg(repository);
        command
    }

    pub(crate) fn command(&self) -> Command {
        self.clean(&self.git)
    }

    pub(crate) fn http_backend(&self) -> Command {
        self.clean(&self.http_backend)
    }

    fn clean(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", &self.search_path)
            .env("HOME", &self.home)
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_LITERAL_PATHSPECS", "1")
            // A replace ref would make a commit's tree something else than the commit says.
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .current_dir(&self.home)
            .kill_on_drop(true);
        command
    }
}

/// Older ones do not know options that we use.
const OLDEST: (u32, u32) = (2, 31);

fn check_version(answer: &str) -> Result<(), GitError> {
    match version(answer) {
        Some(version) if version >= OLDEST => Ok(()),
        Some((major, minor)) => Err(GitError::Program(format!("it is version {major}.{minor}"))),
        None => {
            let answer: String = answer.trim_end().chars().take(100).collect();
            Err(GitError::Program(format!(
                "its version is unclear: it says {answer:?}"
            )))
        }
    }
}

/// Of `git version 2.39.5 (Apple Git-154)` the first two numbers.
fn version(answer: &str) -> Option<(u32, u32)> {
    let mut numbers = answer.strip_prefix("git version ")?.trim_end().split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_git_is_refused() {
        let check = |answer| check_version(answer).map_err(|error| error.to_string());
        for new in [
            "git version 2.31.0\n",
            "git version 2.39.5 (Apple Git-154)\n",
            "git version 2.47\n",
            "git version 3.0.windows.1",
        ] {
            assert_eq!(check(new), Ok(()), "{new}");
        }
        let expected =
            "the program git cannot be used: it is version 2.30; install git 2.31 or newer";
        assert_eq!(check("git version 2.30.9\n"), Err(expected.to_owned()));
        for unclear in ["", "git version", "git version x.y", "GIT 3.1\n"] {
            let error = check(unclear).unwrap_err();
            assert!(error.contains("its version is unclear"), "{error}");
        }
    }
}
