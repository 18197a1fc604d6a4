use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use towpath_sandbox::network::{BridgeNetwork, NetworkError};

use super::super::addresses::NAME_SERVER;
use super::super::tasks::Tasks;
use super::answer::{Reaction, Transport, encode, react};
use super::forward::{forward, read_framed, write_framed};
use super::zone::Zone;

const PORT: u16 = 53;
/// Questions that wait for the machine's resolvers, and connections, at once. More are failed at once.
const MOST_AT_ONCE: usize = 256;
/// How long a connection may be silent (RFC 7766 6.2.3).
const IDLE: Duration = Duration::from_secs(10);
/// Pause after the kernel refused, which means that descriptors or memory have run out.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers on [`NAME_SERVER`], by UDP and TCP, as long as it lives.
pub(in super::super) struct NameServer {
    zone: watch::Sender<Arc<Zone>>,
    _tasks: Tasks,
}

/// What every question needs.
#[derive(Clone)]
struct Context {
    zone: watch::Receiver<Arc<Zone>>,
    resolvers: Arc<[SocketAddr]>,
    places: Arc<Semaphore>,
}

impl NameServer {
    pub(in super::super) async fn start(
        network: &BridgeNetwork,
        resolvers: Vec<SocketAddr>,
    ) -> Result<Self, NetworkError> {
        let address = SocketAddrV4::new(NAME_SERVER, PORT);
        let udp = network.bind_udp(address).await?;
        let tcp = network.listen_tcp(address).await?;
        let (zone, receiver) = watch::channel(Arc::default());
        let context = Context {
            zone: receiver,
            resolvers: resolvers.into(),
            places: Arc::new(Semaphore::new(MOST_AT_ONCE)),
        };
        let mut tasks = Tasks::default();
        tasks.spawn(serve_udp(Arc::new(udp), context.clone()));
        tasks.spawn(serve_tcp(tcp, context));
        Ok(Self {
            zone,
            _tasks: tasks,
        })
    }

    /// From now on names mean this.
    pub(in super::super) fn set(&self, zone: Zone) {
        self.zone.send_replace(Arc::new(zone));
    }
}

async fn serve_udp(socket: Arc<UdpSocket>, context: Context) {
    let mut packet = [0; 4096];
    loop {
        let (length, from) = match socket.recv_from(&mut packet).await {
            Ok(received) => received,
            Err(error) => {
                tracing::warn!(%error, "receiving a DNS question");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        match react(&context.zone(), &packet[..length]) {
            Reaction::Ignore => {}
            Reaction::Answer(answer) => send(&socket, from, &encode(&answer, Transport::Udp)).await,
            Reaction::Forward(failure) => {
                let failure = encode(&failure, Transport::Udp);
                let Ok(place) = context.places.clone().try_acquire_owned() else {
                    send(&socket, from, &failure).await;
                    continue;
                };
                let (socket, resolvers) = (socket.clone(), context.resolvers.clone());
                let question = packet[..length].to_vec();
                tokio::spawn(async move {
                    let answer = forward(&resolvers, &question, Transport::Udp).await;
                    send(&socket, from, &answer.map_or(failure, Ok)).await;
                    drop(place);
                });
            }
        }
    }
}

type Encoded = Result<Vec<u8>, hickory_proto::ProtoError>;

async fn send(socket: &UdpSocket, to: SocketAddr, answer: &Encoded) {
    match answer {
        Ok(packet) => {
            if let Err(error) = socket.send_to(packet, to).await {
                tracing::debug!(%to, %error, "sending a DNS answer");
            }
        }
        Err(error) => tracing::warn!(%to, %error, "a DNS answer cannot be written"),
    }
}

async fn serve_tcp(listener: TcpListener, context: Context) {
    loop {
        // The semaphore is never closed.
        let Ok(place) = context.places.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let context = context.clone();
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, &context).await {
                        tracing::debug!(%error, "a DNS connection");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a DNS connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn converse(mut stream: TcpStream, context: &Context) -> io::Result<()> {
    while let Some(question) = timeout(IDLE, read_framed(&mut stream)).await?? {
        let answer = match react(&context.zone(), &question) {
            Reaction::Ignore => return Ok(()),
            Reaction::Answer(answer) => encode(&answer, Transport::Tcp),
            Reaction::Forward(failure) => {
                match forward(&context.resolvers, &question, Transport::Tcp).await {
                    Some(answer) => Ok(answer),
                    None => encode(&failure, Transport::Tcp),
                }
            }
        };
        let answer = answer.map_err(io::Error::other)?;
        timeout(IDLE, write_framed(&mut stream, &answer)).await??;
    }
    Ok(())
}

impl Context {
    fn zone(&self) -> Arc<Zone> {
        self.zone.borrow().clone()
    }
}
