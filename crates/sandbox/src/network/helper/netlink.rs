use std::io;
use std::os::fd::OwnedFd;

use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::RouteNetlinkMessage;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

/// What the kernel tells of one link is some 2 KiB.
const PACKET_LIMIT: usize = 32 * 1024;

/// A `NETLINK_ROUTE` socket (netlink(7)). It acts on the network namespace in which it was opened.
pub(super) struct Netlink {
    socket: OwnedFd,
    sequence: u32,
}

impl Netlink {
    pub(super) fn open() -> io::Result<Self> {
        let socket = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            None,
        )?;
        Ok(Self {
            socket,
            sequence: 0,
        })
    }

    /// Sends one request and waits until the kernel has done it. `flags` are added to `NLM_F_REQUEST`
    /// and `NLM_F_ACK`. Gives back what the kernel tells, if that was asked for.
    pub(super) fn request(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
    ) -> io::Result<Option<RouteNetlinkMessage>> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut message = NetlinkMessage::from(message);
        message.header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        message.header.sequence_number = self.sequence;
        message.finalize();
        let mut packet = vec![0; message.buffer_len()];
        message.serialize(&mut packet);
        rustix::io::retry_on_intr(|| rustix::net::send(&self.socket, &packet, SendFlags::empty()))?;
        self.answer()
    }

    /// Reads up to the acknowledgement.
    fn answer(&self) -> io::Result<Option<RouteNetlinkMessage>> {
        let mut told = None;
        let mut packet = vec![0; PACKET_LIMIT];
        loop {
            let (length, _) = rustix::io::retry_on_intr(|| {
                rustix::net::recv(&self.socket, packet.as_mut_slice(), RecvFlags::empty())
            })?;
            let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&packet[..length])
                .map_err(io::Error::other)?;
            if answer.header.sequence_number != self.sequence {
                continue;
            }
            match answer.payload {
                NetlinkPayload::Error(error) if error.code.is_some() => return Err(error.to_io()),
                NetlinkPayload::Error(_) => return Ok(told),
                NetlinkPayload::InnerMessage(message) => told = Some(message),
                _ => {}
            }
        }
    }
}
