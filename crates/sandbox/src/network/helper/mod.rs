//! The process inside the network: it does as [`super::BridgeNetwork`] asks and ends when that goes.
//!
//! Single-threaded, since it moves between namespaces, which belong to a thread.

mod bridge;
mod links;
mod netlink;
mod pod;
mod refusal;
mod sockets;
mod sysctl;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;

use self::bridge::Bridge;
use self::refusal::Refusal;
use super::wire::{self, Reply, Request};

/// What `towpath-init network` does. The socket to the server is its standard input.
///
/// Every failure but the loss of the server goes back as an answer.
pub fn main() -> ExitCode {
    let stdin = io::stdin();
    match serve(stdin.as_fd()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve(socket: BorrowedFd<'_>) -> io::Result<()> {
    let mut bridge = None;
    while let Some((request, _)) = wire::receive::<Request>(socket)? {
        let (reply, fds) = match handle(&mut bridge, request) {
            Ok(done) => (done.reply(), done.fds),
            Err(refusal) => (refusal.into(), Vec::new()),
        };
        let borrowed: Vec<_> = fds.iter().map(OwnedFd::as_fd).collect();
        wire::send(socket, &reply, &borrowed)?;
    }
    Ok(())
}

/// What was asked for, with what may be missing from it.
#[derive(Default)]
struct Done {
    fds: Vec<OwnedFd>,
    but: Option<String>,
}

impl Done {
    fn reply(&self) -> Reply {
        self.but.clone().map_or(Reply::Done, Reply::DoneBut)
    }
}

impl From<Vec<OwnedFd>> for Done {
    fn from(fds: Vec<OwnedFd>) -> Self {
        Self { fds, but: None }
    }
}

fn handle(bridge: &mut Option<Bridge>, request: Request) -> Result<Done, Refusal> {
    let Some(bridge) = bridge else {
        let Request::SetUp {
            plan,
            user_namespace,
        } = request
        else {
            return Err(Refusal::because("the network is not set up yet"));
        };
        let (made, done) = Bridge::set_up(plan, user_namespace.as_ref())?;
        *bridge = Some(made);
        return Ok(done);
    };
    match request {
        Request::SetUp { .. } => Err(Refusal::because("the network is set up already")),
        Request::AddPod { ip } => pod::add(bridge, ip),
        Request::RemovePod { ip } => pod::remove(bridge, ip),
        Request::ListenTcp { address } => Ok(vec![sockets::listen_tcp(address)?].into()),
        Request::BindUdp { address } => Ok(vec![sockets::bind_udp(address)?].into()),
        Request::TcpSockets { count } => Ok(sockets::unconnected(count)?.into()),
    }
}
