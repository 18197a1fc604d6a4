use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use towpath_model::workspace::WorkspaceError;

/// A file that is on its way here. The first error is told when it is used.
pub(super) struct Upload {
    path: PathBuf,
    file: io::Result<File>,
}

impl Upload {
    pub(super) fn new(path: PathBuf) -> Self {
        let file = File::create_new(&path);
        Self { path, file }
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        if let Ok(file) = &mut self.file
            && let Err(error) = file.write_all(bytes)
        {
            self.file = Err(error);
        }
    }

    /// The whole file.
    pub(super) fn finish(self) -> Result<PathBuf, WorkspaceError> {
        match self.file {
            Ok(_) => Ok(self.path),
            Err(source) => Err(WorkspaceError::Io {
                context: format!("cannot keep what was sent in {}", self.path.display()),
                source,
            }),
        }
    }

    pub(super) fn discard(self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "what was sent is left");
        }
    }
}
