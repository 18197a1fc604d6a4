use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use towpath_model::workspace::{Command, Exit};
use towpath_sandbox::{Host, InitProgram, PlainWorkspace, Terminal, TerminalSize};

use crate::program::program;

/// Long enough for a slow machine; a test that waits as long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who sits at a real terminal at which the program runs.
pub(crate) struct Seat {
    terminal: Terminal,
    seen: String,
    patience: Duration,
    _workspace: PlainWorkspace,
    _folder: TempDir,
}

impl Seat {
    pub(crate) async fn run(arguments: &[&str], folder: &Path, env: &[(&str, &str)]) -> Self {
        let work = TempDir::new_in("/var/tmp").unwrap();
        let host = Host::detect(InitProgram::within(program().to_owned())).await;
        let workspace =
            PlainWorkspace::start(&host, &work.path().join("seat"), &Default::default())
                .await
                .unwrap();
        let mut variables: BTreeMap<String, String> = ["PATH", "HOME"]
            .iter()
            .map(|name| ((*name).to_owned(), std::env::var(name).unwrap()))
            .collect();
        variables.insert("TERM".to_owned(), "xterm".to_owned());
        variables.extend(
            env.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let arguments = arguments.iter().map(|argument| (*argument).to_owned());
        let command = Command {
            argv: std::iter::once(program().display().to_string())
                .chain(arguments)
                .collect(),
            env: variables,
            working_dir: Some(folder.to_owned()),
            timeout: None,
        };
        let size = TerminalSize {
            rows: 33,
            columns: 101,
        };
        Self {
            terminal: workspace.open_terminal(&command, size).await.unwrap(),
            seen: String::new(),
            patience: PATIENCE,
            _workspace: workspace,
            _folder: work,
        }
    }

    pub(crate) async fn types(&self, text: &str) {
        let typed = self.terminal.write(text.as_bytes()).await.unwrap();
        assert_eq!(typed, text.len());
    }

    pub(crate) fn resizes(&self, rows: u16, columns: u16) {
        self.terminal
            .resize(TerminalSize { rows, columns })
            .unwrap();
    }

    /// For what takes longer.
    pub(crate) fn patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Waits until this is to be seen, after what was waited for before.
    pub(crate) async fn sees(&mut self, wanted: &str) {
        let looking = async {
            let mut chunk = [0; 4096];
            loop {
                if let Some(at) = self.seen.find(wanted) {
                    self.seen.drain(..at + wanted.len());
                    return true;
                }
                match self.terminal.read(&mut chunk).await.unwrap() {
                    0 => return false,
                    count => {
                        let text = String::from_utf8_lossy(&chunk[..count]);
                        self.seen.push_str(&text);
                    }
                }
            }
        };
        let found = tokio::time::timeout(self.patience, looking).await;
        assert_eq!(found, Ok(true), "no {wanted:?} in:\n{}", self.seen);
    }

    /// Waits until the program has ended; all that was to be seen after what was waited for, and how it ended.
    pub(crate) async fn leaves(mut self) -> (String, Exit) {
        let mut chunk = [0; 4096];
        while let count @ 1.. = tokio::time::timeout(self.patience, self.terminal.read(&mut chunk))
            .await
            .unwrap()
            .unwrap()
        {
            self.seen
                .push_str(&String::from_utf8_lossy(&chunk[..count]));
        }
        let exit = self.terminal.wait().await.unwrap();
        (self.seen, exit)
    }
}
