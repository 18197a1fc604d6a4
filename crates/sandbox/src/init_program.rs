use std::ffi::OsString;
use std::path::PathBuf;

/// How to start the init program: `towpath-init`, or the `towpath` binary with `towpath-init` as its
/// first argument. What it is to do (`sandbox`, `network`, ...) is appended to the arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitProgram {
    pub path: PathBuf,
    pub args: Vec<OsString>,
}

impl InitProgram {
    /// A program of its own, such as the bin `towpath-init`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            args: Vec::new(),
        }
    }

    /// The program that runs now, asked by its first argument to be init.
    pub fn within(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            args: vec!["towpath-init".into()],
        }
    }
}
