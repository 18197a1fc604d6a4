use towpath_model::workspace::Command;

use crate::{Host, Process, SandboxError, Spec};

/// A root file system in which commands run. When it is dropped, or the server ends in whatever way,
/// everything in it is killed.
pub struct Sandbox {
    notes: Vec<String>,
}

impl Sandbox {
    /// Sets up the namespaces and mounts.
    pub async fn start(_host: &Host, _spec: Spec) -> Result<Self, SandboxError> {
        Err(SandboxError::SetUp("not yet".into()))
    }

    /// What this sandbox lacks on this machine: limits that cannot be set, folders that are read-only.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Starts a command. Many may run at once.
    ///
    /// A program that cannot be run says so in its output and exits with 127 (not found) or 126, as in a
    /// shell. [`Command::timeout`] is up to the caller.
    pub async fn exec(&self, _command: &Command) -> Result<Process, SandboxError> {
        Err(SandboxError::Ended)
    }

    /// Kills everything and waits until it is gone: from then on its folders can be read and removed.
    pub async fn stop(self) -> Result<(), SandboxError> {
        Ok(())
    }
}
