//! The network of a local cluster: an address per pod, Services by name and address, and their ports on
//! 127.0.0.1.
//!
//! Services are proxied by connection: what a pod or the machine dials is accepted here and passed on to a
//! ready pod, which sees the bridge's address as the client's.
//!
//! **Architecture invariant:** this module knows no Kubernetes objects. Services are data that it is given
//! whole, again and again; it compares and changes.

mod addresses;
mod balancer;
mod connections;
mod dns;
mod error;
mod helper;
mod http;
mod listeners;
mod proxy;
mod relay;
mod service;
mod services;
mod tasks;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpStream;
use towpath_model::Namespace;
use towpath_sandbox::Host;
use towpath_sandbox::network::{BridgeNetwork, PodNetwork};

use self::addresses::PodAddresses;
use self::connections::Connections;
use self::dns::{NameServer, Zone};
use self::helper::Helper;
use self::proxy::Proxies;
use self::services::Services;

pub use self::addresses::{GATEWAY, NAME_SERVER, SERVICES, next_cluster_ip};
pub use self::dns::name_servers;
pub use self::error::ClusterNetworkError;
pub use self::service::{ServiceEntry, ServiceKey, ServiceKind, ServicePort};

/// A running cluster network. Everything of it ends when it is dropped.
pub struct ClusterNetwork {
    bridge: Arc<BridgeNetwork>,
    helper: Helper,
    addresses: Mutex<PodAddresses>,
    connections: Connections,
    names: NameServer,
    services: tokio::sync::Mutex<Services>,
}

/// A pod's place in the network.
#[derive(Clone, Debug)]
pub struct PodPlace {
    pub ip: Ipv4Addr,
    /// What its sandboxes join.
    pub namespaces: PodNetwork,
    /// Its `/etc/resolv.conf`.
    pub resolv_conf: String,
}

impl PodPlace {
    /// Its `/etc/hosts`, as kubelet writes it.
    pub fn hosts(&self, hostname: &str) -> String {
        format!(
            "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n{}\t{hostname}\n",
            self.ip
        )
    }
}

impl ClusterNetwork {
    /// Sets up an empty network. Names that are not the cluster's are asked of `resolvers`, see
    /// [`name_servers`].
    pub async fn start(
        host: &Host,
        resolvers: Vec<SocketAddr>,
    ) -> Result<Self, ClusterNetworkError> {
        let bridge = Arc::new(BridgeNetwork::start(host, addresses::PLAN).await?);
        let helper = Helper::watch(bridge.helper_id()).map_err(ClusterNetworkError::Helper)?;
        let names = NameServer::start(&bridge, resolvers).await?;
        let proxies = Proxies::new(&bridge);
        Ok(Self {
            addresses: Mutex::default(),
            connections: proxies.connections.clone(),
            helper,
            names,
            services: tokio::sync::Mutex::new(Services::new(proxies)),
            bridge,
        })
    }

    /// The id of the process that holds the network, for `nsenter --net --target`.
    pub fn helper_id(&self) -> u32 {
        self.bridge.helper_id()
    }

    /// Waits until that process has ended. The network is no more then, and has to be started anew.
    pub async fn ended(&self) {
        self.helper.ended().await;
    }

    /// Gives a pod of this Kubernetes namespace an address and a network namespace, to be given back by
    /// [`Self::remove_pod`].
    pub async fn add_pod(&self, namespace: &Namespace) -> Result<PodPlace, ClusterNetworkError> {
        let ip = self
            .addresses()
            .take()
            .ok_or(ClusterNetworkError::NoAddress)?;
        match self.bridge.add_pod(ip).await {
            Ok(namespaces) => Ok(PodPlace {
                ip,
                namespaces,
                resolv_conf: dns::resolv_conf(namespace),
            }),
            Err(error) => {
                self.addresses().give_back(ip);
                Err(error.into())
            }
        }
    }

    /// Takes a pod off the network, when its processes have ended: connections that are still open break.
    pub async fn remove_pod(&self, ip: Ipv4Addr) -> Result<(), ClusterNetworkError> {
        self.connections.cut(ip);
        self.bridge.remove_pod(ip).await?;
        self.addresses().give_back(ip);
        Ok(())
    }

    /// Makes the network as these Services say, all of them. Afterwards no new connection goes to a pod
    /// that is not listed; connections that exist go on. What could not be done is returned, the rest is
    /// done, and the next update tries again.
    pub async fn update(&self, services: &[ServiceEntry]) -> Vec<ClusterNetworkError> {
        let mut listeners = self.services.lock().await;
        let errors = listeners.update(services).await;
        self.names.set(Zone::new(services));
        errors
    }

    /// Dials a pod, for a probe. No time limit; dropping the future gives up.
    pub async fn connect(&self, address: SocketAddrV4) -> Result<TcpStream, ClusterNetworkError> {
        Ok(self.bridge.connect(address).await?)
    }

    /// How many connections through Services this pod has.
    pub fn open_connections(&self, pod: Ipv4Addr) -> usize {
        self.connections.open(pod)
    }

    /// Waits until this pod has no connection through a Service. A pod that leaves its Services is to be
    /// stopped after this or after some seconds, whatever comes first.
    pub async fn drained(&self, pod: Ipv4Addr) {
        self.connections.drained(pod).await;
    }

    fn addresses(&self) -> MutexGuard<'_, PodAddresses> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
