//! Takes connections for one port of a Service and passes each on to a ready pod.

use std::net::SocketAddrV4;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use towpath_sandbox::network::BridgeNetwork;

use super::balancer::Balancer;
use super::connections::{Connection, Connections};
use super::relay::{relay, reset};

/// How long one pod may take to accept; on one machine that is a matter of microseconds.
const DIAL_LIMIT: Duration = Duration::from_secs(1);
/// Pause after a failed accept, which means that descriptors or memory have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections at once through all Services of a cluster. More wait to be accepted.
pub(super) const CONNECTION_LIMIT: usize = 8192;

/// What all proxies of a cluster share.
#[derive(Clone)]
pub(super) struct Proxies {
    pub(super) network: Arc<BridgeNetwork>,
    pub(super) connections: Connections,
    pub(super) permits: Arc<Semaphore>,
}

impl Proxies {
    pub(super) fn new(network: Arc<BridgeNetwork>) -> Self {
        Self {
            network,
            connections: Connections::default(),
            permits: Arc::new(Semaphore::new(CONNECTION_LIMIT)),
        }
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

    async fn pass_on(self, client: TcpStream, balancer: &Balancer) {
        let Some((pod, mut connection)) = self.dial(balancer).await else {
            reset(client);
            return;
        };
        // A connection that goes on does not keep the network up.
        drop(self);
        for stream in [&client, &pod] {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection stays slow: no TCP_NODELAY");
            }
        }
        tokio::select! {
            ended = relay(client, pod) => if let Err(error) = ended {
                tracing::debug!(%error, "a connection through a Service broke off");
            },
            () = connection.cut() => {}
        }
    }

    /// Connects to the first pod that accepts. `None` when each ready one was tried.
    async fn dial(&self, balancer: &Balancer) -> Option<(TcpStream, Connection)> {
        let mut tried = Vec::new();
        while let Some(endpoint) = balancer.next(&tried) {
            let connection = self.connections.begin(*endpoint.ip());
            if let Some(stream) = self.connect(endpoint).await {
                return Some((stream, connection));
            }
            tried.push(endpoint);
        }
        None
    }

    async fn connect(&self, endpoint: SocketAddrV4) -> Option<TcpStream> {
        match tokio::time::timeout(DIAL_LIMIT, self.network.connect(endpoint)).await {
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
