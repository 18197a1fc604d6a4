use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::{io, thread};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::sync::oneshot;

use super::spare_sockets::{BATCH, SpareSockets};
use super::wire::{self, Reply, Request};
use super::{NetworkError, NetworkPlan};
use crate::{Host, InitProgram};

/// A running network of pods. Dropping it ends the helper; what is still inside keeps its namespaces
/// until it ends too.
pub struct BridgeNetwork {
    requests: mpsc::Sender<Asked>,
    helper: u32,
    user: Option<Arc<OwnedFd>>,
    spare_sockets: Arc<SpareSockets>,
}

/// The namespaces that a pod's processes are to join.
#[derive(Clone, Debug)]
pub struct PodNetwork {
    /// Owns `net`; `None` when the server itself may set up networks (it is root).
    pub user: Option<Arc<OwnedFd>>,
    pub net: Arc<OwnedFd>,
}

struct Asked {
    request: Request,
    answer: Answer,
}

/// Who gets the descriptors.
enum Answer {
    Caller(oneshot::Sender<Result<Vec<OwnedFd>, NetworkError>>),
    Spares(Arc<SpareSockets>),
}

impl BridgeNetwork {
    /// Starts the helper, which sets up the bridge. Fails with [`NetworkError::Refused`] where the kernel
    /// allows no namespaces or has no bridges.
    pub async fn start(host: &Host, plan: NetworkPlan) -> Result<Self, NetworkError> {
        let (requests, helper) = spawn(host.init())?;
        let mut network = Self {
            requests,
            helper,
            user: None,
            spare_sockets: Arc::default(),
        };
        let user_namespace = host.ids().cloned();
        let set_up = Request::SetUp {
            plan,
            user_namespace,
        };
        network.user = network.ask(set_up).await?.pop().map(Arc::new);
        Ok(network)
    }

    /// The helper's process id, for `nsenter --net --target`.
    pub fn helper_id(&self) -> u32 {
        self.helper
    }

    /// Makes a network namespace with `lo` and `eth0` at this address (of [`NetworkPlan::pods`]), the gateway
    /// as default route, and every port free for every user. A bridge has at most 1,023 pods.
    pub async fn add_pod(&self, ip: Ipv4Addr) -> Result<PodNetwork, NetworkError> {
        let net = Arc::new(self.ask_one(Request::AddPod { ip }).await?);
        Ok(PodNetwork {
            user: self.user.clone(),
            net,
        })
    }

    /// Cuts the pod off. Its namespace ends with its last process and [`PodNetwork`].
    pub async fn remove_pod(&self, ip: Ipv4Addr) -> Result<(), NetworkError> {
        self.ask(Request::RemovePod { ip }).await.map(drop)
    }

    /// Listens inside the network, on the gateway or on a service address.
    pub async fn listen_tcp(&self, address: SocketAddrV4) -> Result<TcpListener, NetworkError> {
        let socket = self.ask_one(Request::ListenTcp { address }).await?;
        TcpListener::from_std(socket.into())
            .map_err(NetworkError::refused(format!("listen on {address}")))
    }

    /// Binds a UDP socket inside the network, on the gateway or on a service address.
    pub async fn bind_udp(&self, address: SocketAddrV4) -> Result<UdpSocket, NetworkError> {
        let socket = self.ask_one(Request::BindUdp { address }).await?;
        UdpSocket::from_std(socket.into())
            .map_err(NetworkError::refused(format!("bind to {address}")))
    }

    /// Dials from inside the network. No time limit but the kernel's; dropping the future gives up.
    pub async fn connect(&self, address: SocketAddrV4) -> Result<TcpStream, NetworkError> {
        let socket = TcpSocket::from_std_stream(self.socket().await?.into());
        let stream = socket.connect(address.into()).await;
        stream.map_err(NetworkError::refused(format!("connect to {address}")))
    }

    async fn socket(&self) -> Result<OwnedFd, NetworkError> {
        let (spare, fetch) = self.spare_sockets.take();
        if fetch {
            let answer = Answer::Spares(self.spare_sockets.clone());
            self.send(Request::TcpSockets { count: BATCH }, answer)?;
        }
        match spare {
            Some(socket) => Ok(socket),
            None => self.ask_one(Request::TcpSockets { count: 1 }).await,
        }
    }

    async fn ask_one(&self, request: Request) -> Result<OwnedFd, NetworkError> {
        self.ask(request).await?.pop().ok_or_else(no_descriptor)
    }

    async fn ask(&self, request: Request) -> Result<Vec<OwnedFd>, NetworkError> {
        let (answer, answered) = oneshot::channel();
        self.send(request, Answer::Caller(answer))?;
        answered.await.map_err(|_| NetworkError::Ended)?
    }

    fn send(&self, request: Request, answer: Answer) -> Result<(), NetworkError> {
        let asked = Asked { request, answer };
        self.requests.send(asked).map_err(|_| NetworkError::Ended)
    }
}

fn no_descriptor() -> NetworkError {
    NetworkError::Protocol("no descriptor came with it".into())
}

/// Starts the helper and a thread that speaks with it: one request at a time, so that a caller who gives
/// up in the middle does not leave its answer to the next.
fn spawn(init: &InitProgram) -> Result<(mpsc::Sender<Asked>, u32), NetworkError> {
    let failed = |source| NetworkError::Start {
        program: init.path.clone(),
        source,
    };
    let (ours, theirs) = socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )
    .map_err(|errno| failed(errno.into()))?;
    let helper = start_helper(init, theirs).map_err(failed)?;
    let id = helper.id();
    let (sender, requests) = mpsc::channel();
    thread::Builder::new()
        .name("network-helper".into())
        .spawn(move || converse(ours, helper, &requests))
        .map_err(failed)?;
    Ok((sender, id))
}

fn start_helper(init: &InitProgram, socket: OwnedFd) -> io::Result<Child> {
    use std::os::unix::process::CommandExt;
    Command::new(&init.path)
        .args(&init.args)
        .arg("network")
        .env_clear()
        .current_dir("/")
        // Ctrl-C is for the server, which still needs its network while it shuts down.
        .process_group(0)
        .stdin(socket)
        .stdout(Stdio::null())
        .spawn()
}

/// Ends when the [`BridgeNetwork`] is dropped or the helper ends, and then sees the helper off.
fn converse(socket: OwnedFd, mut helper: Child, requests: &mpsc::Receiver<Asked>) {
    for Asked { request, answer } in requests {
        let result = exchange(&socket, &request);
        let ended = matches!(result, Err(NetworkError::Ended));
        match answer {
            // A caller who gave up leaves the descriptors to be closed here.
            Answer::Caller(caller) => drop(caller.send(result)),
            Answer::Spares(spares) => spares.fill(result),
        }
        if ended {
            break;
        }
    }
    drop(socket);
    match helper.wait() {
        Ok(status) if status.success() => {}
        Ok(status) => tracing::error!(%status, "the network helper failed"),
        Err(error) => tracing::error!(%error, "waiting for the network helper"),
    }
}

fn exchange(socket: &OwnedFd, request: &Request) -> Result<Vec<OwnedFd>, NetworkError> {
    wire::send(socket.as_fd(), request, &[]).map_err(|_| NetworkError::Ended)?;
    match wire::receive(socket) {
        Ok(Some((Reply::Done, fds))) => Ok(fds),
        Ok(Some((Reply::DoneBut(sentence), fds))) => {
            tracing::warn!("{sentence}");
            Ok(fds)
        }
        Ok(Some((Reply::Refused { what, errno }, _))) => {
            Err(match errno.map(io::Error::from_raw_os_error) {
                Some(source) => NetworkError::Refused { what, source },
                None => NetworkError::Failed(what),
            })
        }
        Ok(None) => Err(NetworkError::Ended),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Err(NetworkError::Ended),
        Err(error) => Err(NetworkError::Protocol(error.to_string())),
    }
}
