//! What the server and the helper say to each other: one JSON document a packet, with descriptors beside
//! it (unix(7), `SCM_RIGHTS`), over a `SOCK_SEQPACKET` socket.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use serde::{Deserialize, Serialize};

use super::NetworkPlan;
use crate::user_namespace::UserNamespace;

/// Longest packet in bytes; an answer holds at most one sentence.
const PACKET_LIMIT: usize = 8 * 1024;
/// Most descriptors in a packet; the kernel's own limit is 253.
pub(super) const MAX_FDS: usize = 64;

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// First of all and only once. The answer carries the user namespace, if one is to be made.
    SetUp {
        plan: NetworkPlan,
        user_namespace: Option<UserNamespace>,
    },
    /// The answer carries the pod's network namespace.
    AddPod {
        ip: Ipv4Addr,
    },
    RemovePod {
        ip: Ipv4Addr,
    },
    /// The answer carries a listening TCP socket.
    ListenTcp {
        address: SocketAddrV4,
    },
    /// The answer carries a bound UDP socket.
    BindUdp {
        address: SocketAddrV4,
    },
    /// The answer carries this many unconnected TCP sockets, at most [`MAX_FDS`].
    TcpSockets {
        count: usize,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Done,
    /// It was done, but not all of it: a sentence for the log.
    DoneBut(String),
    Refused {
        what: String,
        /// The kernel's reason, if it was the kernel.
        errno: Option<i32>,
    },
}

/// Sends one packet.
pub(super) fn send<T: Serialize>(
    socket: BorrowedFd<'_>,
    message: &T,
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let packet = serde_json::to_vec(message)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::ErrorKind::ArgumentListTooLong.into());
    }
    let slices = [IoSlice::new(&packet)];
    rustix::io::retry_on_intr(|| {
        rustix::net::sendmsg(socket, &slices, &mut ancillary, SendFlags::NOSIGNAL)
    })?;
    Ok(())
}

/// Waits for one packet; `None` when the other side has ended.
pub(super) fn receive<T: for<'de> Deserialize<'de>>(
    socket: impl AsFd,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut packet = vec![0; PACKET_LIMIT];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = rustix::io::retry_on_intr(|| {
        let mut slices = [IoSliceMut::new(&mut packet)];
        rustix::net::recvmsg(
            &socket,
            &mut slices,
            &mut ancillary,
            RecvFlags::CMSG_CLOEXEC,
        )
    })?;
    let fds = descriptors(&mut ancillary);
    if received.bytes == 0 {
        return Ok(None);
    }
    if received
        .flags
        .intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC)
    {
        return Err(io::Error::other(
            "a packet was cut off: are all descriptors in use?",
        ));
    }
    let message = serde_json::from_slice(&packet[..received.bytes])?;
    Ok(Some((message, fds)))
}

fn descriptors(ancillary: &mut RecvAncillaryBuffer<'_>) -> Vec<OwnedFd> {
    ancillary
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(fds) => Some(fds),
            _ => None,
        })
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    fn pair() -> (OwnedFd, OwnedFd) {
        socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )
        .unwrap()
    }

    #[test]
    fn a_packet_arrives_with_its_descriptors() {
        let (a, b) = pair();
        let file = std::fs::File::open("/dev/null").unwrap();
        send(
            a.as_fd(),
            &Request::TcpSockets { count: 3 },
            &[file.as_fd(), file.as_fd()],
        )
        .unwrap();
        let (message, fds) = receive::<Request>(&b).unwrap().unwrap();
        assert!(matches!(message, Request::TcpSockets { count: 3 }));
        assert_eq!(fds.len(), 2);
    }

    #[test]
    fn the_end_of_the_other_side_is_not_an_error() {
        let (a, b) = pair();
        drop(a);
        assert!(receive::<Reply>(&b).unwrap().is_none());
    }

    #[test]
    fn what_is_not_a_message_is_an_error() {
        let (a, b) = pair();
        send(a.as_fd(), &"nonsense", &[]).unwrap();
        assert!(receive::<Reply>(&b).is_err());
    }
}
