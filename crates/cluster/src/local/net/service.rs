use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

use towpath_model::Namespace;

/// What names a Service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceKey {
    pub namespace: Namespace,
    pub name: String,
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A Service as it stands now: whom its name means and where its connections go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEntry {
    pub key: ServiceKey,
    pub kind: ServiceKind,
    pub ports: Vec<ServicePort>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// Reached by an address of its own, in [`super::SERVICES`].
    ClusterIp(Ipv4Addr),
    /// `clusterIP: None`: its name means these, the addresses of its ready pods.
    Headless(Vec<Ipv4Addr>),
}

/// One TCP port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    pub name: Option<String>,
    pub port: u16,
    /// Also on this port of 127.0.0.1, for NodePort and LoadBalancer. Not for headless Services.
    pub host_port: Option<u16>,
    /// The ready pods, each with what `targetPort` means in it.
    pub endpoints: Vec<SocketAddrV4>,
}
