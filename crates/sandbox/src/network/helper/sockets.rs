//! Sockets of the bridge's own namespace, ready for an event loop: close-on-exec and non-blocking.

use std::net::SocketAddrV4;
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use super::refusal::Refusal;
use crate::network::wire::MAX_FDS;

/// Connections that wait to be accepted; the kernel's own limit (`net.core.somaxconn`) is the same.
const BACKLOG: i32 = 4096;

pub(super) fn listen_tcp(address: SocketAddrV4) -> Result<OwnedFd, Refusal> {
    let what = || format!("listen on {address}");
    let socket = socket(SocketType::STREAM)?;
    // Connections of an earlier listener may still linger on the port.
    sockopt::set_socket_reuseaddr(&socket, true).map_err(Refusal::of(what()))?;
    rustix::net::bind(&socket, &address).map_err(Refusal::of(what()))?;
    rustix::net::listen(&socket, BACKLOG).map_err(Refusal::of(what()))?;
    Ok(socket)
}

pub(super) fn bind_udp(address: SocketAddrV4) -> Result<OwnedFd, Refusal> {
    let socket = socket(SocketType::DGRAM)?;
    rustix::net::bind(&socket, &address).map_err(Refusal::of(format!("bind to {address}")))?;
    Ok(socket)
}

pub(super) fn unconnected(count: usize) -> Result<Vec<OwnedFd>, Refusal> {
    (0..count.min(MAX_FDS))
        .map(|_| socket(SocketType::STREAM))
        .collect()
}

fn socket(kind: SocketType) -> Result<OwnedFd, Refusal> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(AddressFamily::INET, kind, flags, None)
        .map_err(Refusal::of("make a socket"))
}
