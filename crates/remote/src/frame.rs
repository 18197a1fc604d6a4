//! What travels in one binary WebSocket message: one byte that says what it is, then its content.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Sequence;

/// Spoken by this build. It grows when an older program on the other side could no longer understand.
pub const VERSION: u32 = 2;
/// A longer frame is not one of ours.
pub const MAX_FRAME: usize = 4 << 20;

/// One frame. Only [`Frame::Data`] is numbered, kept until acknowledged and sent again after a cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// First of all on a connection, from the worker.
    Hello(Hello),
    /// The server's answer to it.
    Welcome(Welcome),
    Data {
        sequence: Sequence,
        message: Vec<u8>,
    },
    /// Everything up to this number has been taken, and need not be kept.
    Ack(Sequence),
    Ping,
    Pong,
    /// The last frame: there is nothing more to be done, for this reason.
    Goodbye(String),
}

/// The worker's side of the greeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    pub version: u32,
    /// The last number that the worker has received, in earlier connections.
    pub received: Sequence,
    /// Drawn when the worker starts: a worker that was started again cannot go on where the first one was.
    pub instance: String,
    /// Where commands see the source folder.
    pub source_dir: String,
    /// What the worker itself was started with: its image's PATH and the like.
    pub environment: BTreeMap<String, String>,
}

/// The server's side, with what holds for both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    pub version: u32,
    pub received: Sequence,
    /// A worker that has heard nothing for so long ends what it runs, and itself.
    pub lease_ms: u64,
    /// How often each side says that it is there.
    pub ping_ms: u64,
}

/// How both sides find out that the other one is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Without a connection for so long, the job is given up by both sides.
    pub lease: Duration,
    pub ping: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(60),
            ping: Duration::from_secs(5),
        }
    }
}

impl Timing {
    /// A connection on which nothing was heard for so long is cut.
    pub(crate) fn silence(self) -> Duration {
        self.ping * 3
    }
}

impl Welcome {
    pub(crate) fn timing(&self) -> Timing {
        Timing {
            lease: Duration::from_millis(self.lease_ms.max(1)),
            ping: Duration::from_millis(self.ping_ms.max(1)),
        }
    }
}

/// A frame that nobody of ours has written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("a frame of {0} bytes, which is more than {MAX_FRAME}")]
    TooLong(usize),
    #[error("an empty frame")]
    Empty,
    #[error("a frame of the unknown kind {0}")]
    UnknownKind(u8),
    #[error("a frame of kind {kind} that cannot be read: {reason}")]
    Malformed { kind: u8, reason: String },
}

const HELLO: u8 = 1;
const WELCOME: u8 = 2;
const DATA: u8 = 3;
const ACK: u8 = 4;
const PING: u8 = 5;
const PONG: u8 = 6;
const GOODBYE: u8 = 7;

impl Frame {
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Frame::Hello(hello) => tagged(HELLO, &json(hello)),
            Frame::Welcome(welcome) => tagged(WELCOME, &json(welcome)),
            Frame::Data { sequence, message } => {
                let mut bytes = Vec::with_capacity(9 + message.len());
                bytes.push(DATA);
                bytes.extend_from_slice(&sequence.0.to_be_bytes());
                bytes.extend_from_slice(message);
                bytes
            }
            Frame::Ack(sequence) => tagged(ACK, &sequence.0.to_be_bytes()),
            Frame::Ping => vec![PING],
            Frame::Pong => vec![PONG],
            Frame::Goodbye(reason) => tagged(GOODBYE, reason.as_bytes()),
        }
    }

    /// An error for whatever [`Frame::encode`] does not write: the other side may be anybody.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        if bytes.len() > MAX_FRAME {
            return Err(FrameError::TooLong(bytes.len()));
        }
        let (kind, content) = bytes.split_first().ok_or(FrameError::Empty)?;
        match *kind {
            HELLO => parse(HELLO, content).map(Frame::Hello),
            WELCOME => parse(WELCOME, content).map(Frame::Welcome),
            DATA => {
                let (sequence, message) = number(DATA, content)?;
                let message = message.to_vec();
                Ok(Frame::Data { sequence, message })
            }
            ACK => match number(ACK, content)? {
                (sequence, []) => Ok(Frame::Ack(sequence)),
                _ => Err(malformed(ACK, "more than a number")),
            },
            PING => Ok(Frame::Ping),
            PONG => Ok(Frame::Pong),
            GOODBYE => match str::from_utf8(content) {
                Ok(reason) => Ok(Frame::Goodbye(reason.to_owned())),
                Err(error) => Err(malformed(GOODBYE, error)),
            },
            kind => Err(FrameError::UnknownKind(kind)),
        }
    }
}

fn tagged(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind], content].concat()
}

/// Numbers and texts alone: there is nothing in them that JSON could not say.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn parse<'d, T: Deserialize<'d>>(kind: u8, content: &'d [u8]) -> Result<T, FrameError> {
    serde_json::from_slice(content).map_err(|error| malformed(kind, error))
}

fn number(kind: u8, content: &[u8]) -> Result<(Sequence, &[u8]), FrameError> {
    match content.split_first_chunk() {
        Some((number, rest)) => Ok((Sequence(u64::from_be_bytes(*number)), rest)),
        None => Err(malformed(kind, "its number is cut short")),
    }
}

fn malformed(kind: u8, reason: impl ToString) -> FrameError {
    let reason = reason.to_string();
    FrameError::Malformed { kind, reason }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let hello = Hello {
            version: VERSION,
            received: Sequence(7),
            instance: "a".into(),
            source_dir: "/src".into(),
            environment: BTreeMap::from([("PATH".into(), "/bin".into())]),
        };
        let welcome = Welcome {
            version: VERSION,
            received: Sequence(0),
            lease_ms: 60_000,
            ping_ms: 5_000,
        };
        for frame in [
            Frame::Hello(hello),
            Frame::Welcome(welcome),
            Frame::Data {
                sequence: Sequence(u64::MAX),
                message: b"\0x".to_vec(),
            },
            Frame::Ack(Sequence(3)),
            Frame::Ping,
            Frame::Pong,
            Frame::Goodbye("ended".into()),
        ] {
            assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
        }
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        for bytes in [
            &b""[..],
            b"\x09",
            b"\x03\0\0",
            b"\x04\0\0\0\0\0\0\0\0\0",
            b"\x01{}",
        ] {
            assert!(Frame::decode(bytes).is_err(), "{bytes:?}");
        }
        assert_eq!(
            Frame::decode(&vec![DATA; MAX_FRAME + 1]),
            Err(FrameError::TooLong(MAX_FRAME + 1))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_an_error(bytes: Vec<u8>) {
            if let Ok(frame) = Frame::decode(&bytes) {
                prop_assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
            }
        }
    }
}
