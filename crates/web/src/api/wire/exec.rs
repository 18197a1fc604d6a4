//! What goes over the WebSocket of `exec`. Binary messages are what is typed and what is to be seen; text
//! messages are these, as JSON.

use serde::{Deserialize, Serialize};

/// The client's first message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecStart {
    /// A program and its arguments; an interactive shell when empty, which takes a terminal.
    pub argv: Vec<String>,
    /// None: nothing is typed, and what is printed comes as it is.
    pub terminal: Option<ExecTerminal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecTerminal {
    /// As in `TERM`.
    pub kind: String,
    pub rows: u16,
    pub columns: u16,
}

/// What the client says later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ExecControl {
    /// The terminal has another size now.
    Resize { rows: u16, columns: u16 },
}

/// The server's last message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecEnd {
    /// The command's exit code; 128 and the number for a signal.
    Exited { code: i32 },
    /// There was no command, or it is not known how it ended.
    Failed { message: String },
}
