//! What the server and the init program say to each other over a unix stream socket: a length in four
//! bytes (little endian), then one JSON document. Descriptors (unix(7), `SCM_RIGHTS`) come with the length.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::cgroup::Group;
use crate::user_namespace::UserNamespace;
use crate::{Capabilities, Limits, Mount, RootFs, TerminalSize, User};

/// Longer than any command line that Linux runs.
const MESSAGE_LIMIT: usize = 16 * 1024 * 1024;
/// Most descriptors in one message.
const MAX_FDS: usize = 4;
const HEADER: usize = 4;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// First of all. Descriptors: the user namespace and the network namespace to join, as far as named.
    Start(Box<Start>),
    /// Instead of [`Request::Start`], and then nothing more: removes a folder as root of this user namespace.
    Remove {
        path: PathBuf,
        user_namespace: UserNamespace,
    },
    /// Descriptor: where output goes; with a terminal, a stream socket over which its other end comes back.
    Exec {
        id: ExecId,
        command: Program,
        terminal: Option<TerminalSize>,
    },
    Signal {
        id: ExecId,
        signal: i32,
    },
    /// Kill it and everything it started.
    Kill {
        id: ExecId,
    },
}

/// Chosen by the server, never used twice in a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct ExecId(pub(crate) u64);

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Program {
    pub(crate) argv: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) working_dir: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    /// `None`: no namespaces, only processes that end together.
    pub(crate) isolation: Option<Isolation>,
    pub(crate) groups: Vec<Group>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Isolation {
    pub(crate) root: RootFs,
    pub(crate) mounts: Vec<Mount>,
    /// A layer of [`machine_folders`](crate::machine_folders) for a root of the machine's.
    pub(crate) machine_folders: Option<PathBuf>,
    pub(crate) user_namespace: UserNamespaceChoice,
    pub(crate) network: NetworkChoice,
    pub(crate) hostname: Option<String>,
    pub(crate) user: User,
    pub(crate) capabilities: Capabilities,
    pub(crate) read_only_root: bool,
    /// What rlimits are to stand in for.
    pub(crate) rlimits: Limits,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum UserNamespaceChoice {
    /// The server is root and its sandboxes are, too.
    Stay,
    Make(UserNamespace),
    Join,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum NetworkChoice {
    Host,
    Isolated,
    Join,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// Commands may come; what is lacking.
    Ready {
        notes: Vec<String>,
    },
    /// The end: what could not be done.
    Failed(String),
    /// [`Request::Remove`] is done.
    Removed,
    Exited {
        id: ExecId,
        end: End,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum End {
    Code(i32),
    Signal(i32),
}

/// A message as it travels.
pub(crate) fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; HEADER];
    serde_json::to_writer(&mut bytes, message)?;
    let length = bytes.len() - HEADER;
    if length > MESSAGE_LIMIT {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the command is longer than 16 MiB",
        ));
    }
    let length = u32::try_from(length).map_err(io::Error::other)?;
    bytes[..HEADER].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
}

/// The length of what follows a header.
pub(crate) fn body_length(header: [u8; HEADER]) -> io::Result<usize> {
    let length = u32::from_le_bytes(header) as usize;
    if length > MESSAGE_LIMIT {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a message longer than 16 MiB",
        ));
    }
    Ok(length)
}

pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> io::Result<T> {
    Ok(serde_json::from_slice(body)?)
}

/// Sends the beginning of a message with its descriptors; returns how much has gone.
pub(crate) fn send_first(
    socket: impl AsFd,
    bytes: &[u8],
    fds: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::Error::other("more descriptors than fit in a message"));
    }
    let content = [IoSlice::new(bytes)];
    Ok(rustix::net::sendmsg(
        socket,
        &content,
        &mut ancillary,
        SendFlags::NOSIGNAL,
    )?)
}

/// Sends a message without descriptors, waiting as long as it takes.
pub(crate) fn send(mut socket: impl Write, message: &impl Serialize) -> io::Result<()> {
    socket.write_all(&encode(message)?)
}

/// Receives a message, waiting as long as it takes; `None` when the other end has closed.
pub(crate) fn receive<T: DeserializeOwned>(
    socket: &std::os::unix::net::UnixStream,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut header = [0; HEADER];
    let (received, fds) = receive_first(socket, &mut header)?;
    if received == 0 {
        return Ok(None);
    }
    (&*socket).read_exact(&mut header[received..])?;
    let mut body = vec![0; body_length(header)?];
    (&*socket).read_exact(&mut body)?;
    Ok(Some((decode(&body)?, fds)))
}

/// Receives the beginning of what was sent, with its descriptors.
pub(crate) fn receive_first(
    socket: impl AsFd,
    header: &mut [u8],
) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut content = [IoSliceMut::new(header)];
    let message = rustix::net::recvmsg(
        socket,
        &mut content,
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let mut fds = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    Ok((message.bytes, fds))
}
