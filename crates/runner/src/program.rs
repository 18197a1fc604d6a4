use std::collections::BTreeMap;
use std::fmt;

use towpath_model::Location;
use towpath_model::workspace::Selection;

/// What a build does, whichever file it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    pub shell: Shell,
    /// Added to the build's environment, over what it has of the same name; values are literal.
    pub env: BTreeMap<String, String>,
    /// In the order in which they run.
    pub phases: Vec<Phase>,
    /// What is kept; nothing without.
    pub artifacts: Option<Artifacts>,
}

/// The shell that runs all commands of a build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shell {
    Bash,
    /// CodeBuild's default on Linux.
    #[default]
    Sh,
}

/// A phase of a build, with the commands that one shell runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    pub name: PhaseName,
    pub commands: Vec<CommandLine>,
    /// Runs after the commands, also when one of them failed.
    pub finally: Vec<CommandLine>,
    pub on_failure: OnFailure,
}

/// The phases that run commands (buildspec reference, `phases`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PhaseName {
    Install,
    PreBuild,
    Build,
    PostBuild,
}

/// What follows after a phase failed. The build has failed in each case: CodeBuild tells it to what runs
/// after by `CODEBUILD_BUILD_SUCCEEDING=0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// CodeBuild's build phase transitions: `post_build` runs after a failed `build`, nothing runs after a
    /// failed `install` or `pre_build`.
    #[default]
    Transition,
    /// No further phase.
    Abort,
    /// The next phase.
    Continue,
}

/// One command: a line, or a block of many lines that the shell gets at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    pub text: String,
    /// Where it is written; none for commands that Towpath made up.
    pub location: Option<Location>,
}

/// What a build leaves (buildspec reference, `artifacts`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifacts {
    pub selection: Selection,
    /// As it is written: only recorded, as CodePipeline ignores it too.
    pub name: Option<String>,
}

impl Program {
    /// `ci/build.sh` and then `ci/test.sh`. Each runs in the interpreter that its `#!` names; the mode is
    /// set because a repository made on Windows has none.
    pub fn scripts() -> Self {
        Self::of_commands(&[
            "chmod +x ci/build.sh ci/test.sh",
            "ci/build.sh",
            "ci/test.sh",
        ])
    }

    /// `make build` and then `make test`.
    pub fn makefile() -> Self {
        Self::of_commands(&["make build", "make test"])
    }

    /// Keeps all files: nothing says which ones matter, and a Dockerfile may copy any of them.
    fn of_commands(commands: &[&str]) -> Self {
        let selection = Selection {
            files: vec!["**/*".to_owned()],
            ..Selection::default()
        };
        Self {
            phases: vec![Phase {
                commands: commands
                    .iter()
                    .map(|text| CommandLine::made(text))
                    .collect(),
                ..Phase::new(PhaseName::Build)
            }],
            artifacts: Some(Artifacts {
                selection,
                name: None,
            }),
            ..Self::default()
        }
    }
}

impl Phase {
    pub fn new(name: PhaseName) -> Self {
        Self {
            name,
            commands: Vec::new(),
            finally: Vec::new(),
            on_failure: OnFailure::default(),
        }
    }

    /// Whether the next phase runs after this one failed.
    pub fn goes_on_after_failure(&self) -> bool {
        match self.on_failure {
            OnFailure::Transition => self.name == PhaseName::Build,
            OnFailure::Abort => false,
            OnFailure::Continue => true,
        }
    }
}

impl CommandLine {
    fn made(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            location: None,
        }
    }
}

impl Shell {
    /// As `env.shell` names it, which is also how it is found.
    pub fn as_str(self) -> &'static str {
        match self {
            Shell::Bash => "bash",
            Shell::Sh => "/bin/sh",
        }
    }
}

impl PhaseName {
    pub const ALL: [PhaseName; 4] = [
        PhaseName::Install,
        PhaseName::PreBuild,
        PhaseName::Build,
        PhaseName::PostBuild,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            PhaseName::Install => "install",
            PhaseName::PreBuild => "pre_build",
            PhaseName::Build => "build",
            PhaseName::PostBuild => "post_build",
        }
    }
}

impl fmt::Display for PhaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
