//! What the two sides say to each other, each message once and in order whatever becomes of connections:
//! a length in four bytes, so much JSON, and bytes that belong to it.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use towpath_model::workspace::{Exit, Packed, Selection, WorkspaceError};
use towpath_sandbox::TerminalSize;

use crate::frame::json;

/// Chosen by the server, never used twice in a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub u64);

/// From the server. The bytes beside it are those of [`Order::Chunk`] and [`Order::Type`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Runs a command; answered by any number of [`Report::Output`] and then [`Report::Exited`].
    Exec {
        id: RequestId,
        argv: Vec<String>,
        env: BTreeMap<String, String>,
        working_dir: Option<String>,
        timeout_ms: Option<u64>,
    },
    /// Runs a command at a terminal; answered as [`Order::Exec`] is.
    Open {
        id: RequestId,
        argv: Vec<String>,
        env: BTreeMap<String, String>,
        working_dir: Option<String>,
        size: TerminalSize,
    },
    /// Types what is beside it at the terminal of the same number. The next comes only after [`Report::Typed`]:
    /// a command that does not read must not hold up other orders.
    Type { id: RequestId },
    /// The terminal's window has another size now.
    Resize { id: RequestId, size: TerminalSize },
    /// Kills what runs under this number and everything it started, and forgets what was sent for it.
    Cancel { id: RequestId },
    /// The next bytes of a file for the order of the same number, which follows.
    Chunk { id: RequestId },
    /// Writes what was sent into a file of the private folder.
    Write {
        id: RequestId,
        path: String,
        mode: u32,
    },
    /// Answered by [`Report::Chunk`]s.
    Read {
        id: RequestId,
        path: String,
        limit: u64,
    },
    /// Fills the source folder from the zip that was sent.
    Unpack { id: RequestId },
    /// Answered by the zip in [`Report::Chunk`]s.
    Pack { id: RequestId, files: Files },
}

/// From the worker. The bytes beside it are those of [`Report::Output`] and [`Report::Chunk`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum Report {
    /// What a command printed; `offset` counts the bytes it printed before.
    Output {
        id: RequestId,
        offset: u64,
    },
    Exited {
        id: RequestId,
        exit: WireExit,
    },
    /// What was to be typed is typed; there may be more.
    Typed {
        id: RequestId,
    },
    /// The next bytes of the file that was asked for.
    Chunk {
        id: RequestId,
    },
    Done {
        id: RequestId,
        done: Done,
    },
    Failed {
        id: RequestId,
        failure: Failure,
    },
}

impl Report {
    pub fn id(&self) -> RequestId {
        match self {
            Report::Output { id, .. }
            | Report::Exited { id, .. }
            | Report::Typed { id }
            | Report::Chunk { id }
            | Report::Done { id, .. }
            | Report::Failed { id, .. } => *id,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// Under this path commands see the file.
    Wrote(String),
    /// Whether there was such a file.
    Read(bool),
    Unpacked,
    Packed {
        files: u64,
        bytes: u64,
    },
}

impl From<Packed> for Done {
    fn from(packed: Packed) -> Self {
        Done::Packed {
            files: packed.files,
            bytes: packed.bytes,
        }
    }
}

/// [`Selection`] on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    pub files: Vec<String>,
    pub base_dir: Option<String>,
    pub exclude: Vec<String>,
    pub discard_paths: bool,
}

impl From<&Selection> for Files {
    fn from(selection: &Selection) -> Self {
        let selection = selection.clone();
        Self {
            files: selection.files,
            base_dir: selection.base_dir,
            exclude: selection.exclude,
            discard_paths: selection.discard_paths,
        }
    }
}

impl From<Files> for Selection {
    fn from(files: Files) -> Self {
        Self {
            files: files.files,
            base_dir: files.base_dir,
            exclude: files.exclude,
            discard_paths: files.discard_paths,
        }
    }
}

/// [`Exit`] on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WireExit {
    Code(i32),
    Signal(i32),
    TimedOut,
    OutOfMemory,
}

impl From<Exit> for WireExit {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Code(code) => WireExit::Code(code),
            Exit::Signal(signal) => WireExit::Signal(signal),
            Exit::TimedOut => WireExit::TimedOut,
            Exit::OutOfMemory => WireExit::OutOfMemory,
        }
    }
}

impl From<WireExit> for Exit {
    fn from(exit: WireExit) -> Self {
        match exit {
            WireExit::Code(code) => Exit::Code(code),
            WireExit::Signal(signal) => Exit::Signal(signal),
            WireExit::TimedOut => Exit::TimedOut,
            WireExit::OutOfMemory => Exit::OutOfMemory,
        }
    }
}

/// [`WorkspaceError`] on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Whose doing it is: the user's, or Towpath's and the machine's.
    pub refused: bool,
    pub reason: String,
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        Self {
            refused: matches!(error, WorkspaceError::Refused(_)),
            reason: error.to_string(),
        }
    }
}

impl From<Failure> for WorkspaceError {
    fn from(failure: Failure) -> Self {
        match failure.refused {
            true => WorkspaceError::Refused(failure.reason),
            false => WorkspaceError::Failed(failure.reason),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error("a message that is cut short")]
    CutShort,
    #[error("a message that cannot be read: {0}")]
    Malformed(String),
}

const LENGTH: usize = 4;

/// One message and the bytes beside it.
#[must_use]
pub fn encode(message: &impl Serialize, beside: &[u8]) -> Vec<u8> {
    let head = json(message);
    // A length that does not fit would be beyond MAX_FRAME, which the sender of the frame refuses.
    let length = u32::try_from(head.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(LENGTH + head.len() + beside.len());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(beside);
    bytes
}

pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), MessageError> {
    let (length, rest) = bytes
        .split_first_chunk::<LENGTH>()
        .ok_or(MessageError::CutShort)?;
    let length = u32::from_be_bytes(*length) as usize;
    let (head, beside) = rest
        .split_at_checked(length)
        .ok_or(MessageError::CutShort)?;
    match serde_json::from_slice(head) {
        Ok(message) => Ok((message, beside)),
        Err(error) => Err(MessageError::Malformed(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let id = RequestId(3);
        let order = Order::Exec {
            id,
            argv: vec!["/bin/sh".into()],
            env: BTreeMap::from([("A".into(), "ä\n".into())]),
            working_dir: None,
            timeout_ms: Some(9),
        };
        assert_eq!(decode(&encode(&order, b"")), Ok((order, &b""[..])));
        let report = Report::Output { id, offset: 12 };
        assert_eq!(
            decode(&encode(&report, b"\xff\0")),
            Ok((report, &b"\xff\0"[..]))
        );
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        for bytes in [&b""[..], b"\0\0\0", b"\0\0\0\x09{}", b"\xff\xff\xff\xff{}"] {
            assert_eq!(decode::<Order>(bytes), Err(MessageError::CutShort));
        }
        assert!(matches!(
            decode::<Report>(b"\0\0\0\x02{}"),
            Err(MessageError::Malformed(_))
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes: Vec<u8>) {
            let _either = (decode::<Order>(&bytes), decode::<Report>(&bytes));
        }
    }
}
