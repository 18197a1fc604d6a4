use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use towpath_model::workspace::{Command, Workspace, WorkspaceError};

use crate::script::quoted;
use crate::{BuildContext, Program, Shell, build};

/// How a person gets into the workspace of a build that has ended: where its last command left off, with the
/// folder, the variables and, in bash, the functions that it had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    shell: Shell,
    /// What a shell reads first, as the shell sees it.
    start: PathBuf,
    env: BTreeMap<String, String>,
}

impl Visit {
    /// Leaves what a visitor's shell needs in the workspace's private folder.
    pub async fn prepare<W: Workspace>(
        workspace: &W,
        program: &Program,
        context: &BuildContext,
    ) -> Result<Self, WorkspaceError> {
        // The state lies beside it, but commands see the folder elsewhere than we do.
        let start = workspace.write("visit", 0o600, b"").await?;
        let text = start_file(&start.with_file_name(build::STATE));
        let start = workspace.write("visit", 0o600, text.as_bytes()).await?;
        Ok(Self {
            shell: program.shell,
            start,
            env: context.environment(program, workspace.source_dir()),
        })
    }

    /// An interactive shell for a terminal of this kind (`TERM`): bash where there is one.
    pub fn shell(&self, terminal: &str) -> Command {
        const SCRIPT: &str = r#"if command -v bash >/dev/null 2>&1; then exec bash --rcfile "$0" -i; fi
ENV="$0" exec /bin/sh -i"#;
        let argv = ["/bin/sh", "-c", SCRIPT, &self.start.to_string_lossy()];
        self.command_of(argv.map(str::to_owned).into(), Some(terminal))
    }

    /// One command.
    pub fn command(&self, argv: &[String], terminal: Option<&str>) -> Command {
        let shell = self.shell.as_str();
        let start = self.start.to_string_lossy();
        let mut words = [shell, "-c", r#". "$0"; exec "$@""#, &start]
            .map(str::to_owned)
            .to_vec();
        words.extend_from_slice(argv);
        self.command_of(words, terminal)
    }

    fn command_of(&self, argv: Vec<String>, terminal: Option<&str>) -> Command {
        let mut env = self.env.clone();
        if let Some(terminal) = terminal {
            env.insert("TERM".to_owned(), terminal.to_owned());
        }
        Command {
            argv,
            env,
            working_dir: None,
            timeout: None,
        }
    }
}

/// As a later shell of the build begins, without what that needs of ours.
fn start_file(state: &Path) -> String {
    let state = quoted(&state.to_string_lossy());
    format!(
        r#". {state} 2>/dev/null
unset -f __towpath_mark __towpath_set __towpath_next __towpath_end __towpath_save 2>/dev/null
cd -- "$PWD" 2>/dev/null || cd -- "$CODEBUILD_SRC_DIR"
case $- in *i*) if [ -n "$BASH_VERSION" ]; then PS1='(failed build) \w \$ '; else PS1='(failed build) \$ '; fi ;; esac
"#
    )
}
