use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::GitError;
use crate::process::output;

/// The `git` program and the environment that it runs in. Nothing is inherited.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    search_path: OsString,
    /// An empty folder: no user's configuration.
    home: PathBuf,
    http_backend: PathBuf,
}

impl Program {
    /// Makes sure that git is there with its HTTP backend.
    pub(crate) async fn find(search_path: OsString, home: PathBuf) -> Result<Self, GitError> {
        let mut program = Self {
            search_path,
            home,
            http_backend: PathBuf::new(),
        };
        let mut exec_path = program.command();
        exec_path.arg("--exec-path");
        let folder = output(exec_path, 4096)
            .await
            .map_err(|error| GitError::Program(error.to_string()))?;
        let folder = String::from_utf8_lossy(&folder);
        program.http_backend = Path::new(folder.trim_end()).join("git-http-backend");
        if !program.http_backend.is_file() {
            return Err(GitError::Program(format!(
                "{} is missing",
                program.http_backend.display()
            )));
        }
        Ok(program)
    }

    /// `git --git-dir=<repository>`
    pub(crate) fn within(&self, repository: &Path) -> Command {
        let mut command = self.command();
        command.arg("--git-dir").arg(repository);
        command
    }

    pub(crate) fn command(&self) -> Command {
        self.clean("git".as_ref())
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
