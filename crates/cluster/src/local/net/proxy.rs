//! Takes connections for one port of a Service and passes each on to a ready pod.

use std::io;
use std::net::SocketAddrV4;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use towpath_sandbox::network::{BridgeNetwork, NetworkError};

use super::balancer::Balancer;
use super::connections::{Connection, Connections};
use super::relay::{Relayed, relay, reset};

/// How long one pod may take to accept: on one machine a matter of microseconds, but when its queue is
/// full or it is stopped, the first attempt is lost and the next comes after a second.
const DIAL_LIMIT: Duration = Duration::from_secs(3);
/// Pause after a failed accept, which means that descriptors or memory have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections at once through all Services of a cluster. More wait to be accepted.
const CONNECTION_LIMIT: usize = 8192;

/// A connection to a pod.
struct Dialled {
    endpoint: SocketAddrV4,
    stream: TcpStream,
    connection: Connection,
}

/// What all proxies of a cluster share.
#[derive(Clone)]
pub(super) struct Proxies {
    /// Connections that go on do not keep the network up.
    network: Weak<BridgeNetwork>,
    pub(super) connections: Connections,
    permits: Arc<Semaphore>,
}

impl Proxies {
    pub(super) fn new(network: &Arc<BridgeNetwork>) -> Self {
        Self {
            network: Arc::downgrade(network),
            connections: Connections::default(),
            permits: Arc::new(Semaphore::new(CONNECTION_LIMIT)),
        }
    }

    pub(super) fn network(&self) -> Result<Arc<BridgeNetwork>, NetworkError> {
        self.network.upgrade().ok_or(NetworkError::Ended)
    }

    /// Runs until it is aborted. Connections that were accepted outlive it.
    pub(super) async fn accept_all(self, listener: TcpListener, balancer: Balancer) {
        loop {
            // The semaphore is never closed.
            let Ok(permit) = self.permits.clone().acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((client, _)) => {
                    let (proxies, balancer) = (self.clone(), balancer.clone());
                    tokio::spawn(async move {
                        proxies.pass_on(client, &balancer).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection to a Service");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn pass_on(self, mut client: TcpStream, balancer: &Balancer) {
        set_nodelay(&client);
        loop {
            match self.pass_to_one(&mut client, balancer).await {
                Relayed::Left if another_request(&client).await => {}
                Relayed::Left | Relayed::Ended => return,
            }
        }
    }

    /// Passes the connection on to a ready pod as long as that stays.
    async fn pass_to_one(&self, client: &mut TcpStream, balancer: &Balancer) -> Relayed {
        let Some(Dialled {
            endpoint,
            mut stream,
            connection,
        }) = self.dial(balancer).await
        else {
            reset(client);
            return Relayed::Ended;
        };
        set_nodelay(&stream);
        let relayed = tokio::select! {
            relayed = relay(client, &mut stream, balancer.leaves(endpoint)) => relayed,
            () = connection.cut() => Err(io::ErrorKind::ConnectionReset.into()),
        };
        relayed.unwrap_or_else(|error| {
            tracing::debug!(%endpoint, %error, "a connection through a Service broke off");
            reset(client);
            reset(&stream);
            Relayed::Ended
        })
    }

    /// Connects to the first pod that accepts. `None` when each ready one was tried.
    async fn dial(&self, balancer: &Balancer) -> Option<Dialled> {
        let mut tried = Vec::new();
        while let Some(endpoint) = balancer.next(&tried) {
            let connection = self.connections.begin(*endpoint.ip());
            if let Some(stream) = self.connect(endpoint).await {
                return Some(Dialled {
                    endpoint,
                    stream,
                    connection,
                });
            }
            tried.push(endpoint);
        }
        None
    }

    async fn connect(&self, endpoint: SocketAddrV4) -> Option<TcpStream> {
        let connecting = async { self.network()?.connect(endpoint).await };
        match tokio::time::timeout(DIAL_LIMIT, connecting).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a ready pod refuses");
                None
            }
            Err(_) => {
                tracing::debug!(%endpoint, "a ready pod does not answer");
                None
            }
        }
    }
}

/// Waits until the client sends something more; false when it has ended.
async fn another_request(client: &TcpStream) -> bool {
    matches!(client.peek(&mut [0]).await, Ok(1..))
}

fn set_nodelay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection stays slow: no TCP_NODELAY");
    }
}
