//! Which listeners the Services want (pure).

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::sync::Arc;

use super::service::{ServiceEntry, ServiceKey, ServiceKind};

/// Where connections for a Service arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    /// On the cluster's bridge.
    Cluster(SocketAddrV4),
    /// On this port of 127.0.0.1.
    Host(u16),
}

/// The ready pods behind a listener.
pub(super) type Endpoints = Arc<[SocketAddrV4]>;

/// What a listener is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Purpose {
    pub(super) service: ServiceKey,
    pub(super) endpoints: Endpoints,
}

impl Place {
    /// On the cluster's side a port without a ready pod has no listener, so that the kernel refuses
    /// connections, as kube-proxy's REJECT rule does. A host port stays taken, lest another program gets it.
    pub(super) fn is_open(self, endpoints: &Endpoints) -> bool {
        matches!(self, Place::Host(_)) || !endpoints.is_empty()
    }
}

/// Where connections may arrive, for whom and with which pods behind it.
pub(super) fn desired(services: &[ServiceEntry]) -> BTreeMap<Place, Purpose> {
    let mut places = BTreeMap::new();
    for service in services {
        let ServiceKind::ClusterIp(ip) = service.kind else {
            continue;
        };
        for port in &service.ports {
            let purpose = Purpose {
                service: service.key.clone(),
                endpoints: port.endpoints.clone().into(),
            };
            if let Some(host_port) = port.host_port {
                places.insert(Place::Host(host_port), purpose.clone());
            }
            places.insert(Place::Cluster(SocketAddrV4::new(ip, port.port)), purpose);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::super::service::ServicePort;
    use super::*;
    use std::net::Ipv4Addr;

    const POD: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 42, 0, 2), 8080);
    const IP: Ipv4Addr = Ipv4Addr::new(10, 43, 0, 20);

    fn places(kind: ServiceKind, host_port: Option<u16>, endpoints: &[SocketAddrV4]) -> Vec<Place> {
        let service = ServiceEntry {
            key: ServiceKey {
                namespace: "default".parse().unwrap(),
                name: "web".into(),
            },
            kind,
            ports: vec![ServicePort {
                name: None,
                port: 80,
                host_port,
                endpoints: endpoints.to_vec(),
            }],
        };
        desired(&[service])
            .into_iter()
            .filter(|(place, purpose)| place.is_open(&purpose.endpoints))
            .map(|(place, _)| place)
            .collect()
    }

    #[test]
    fn a_service_listens_inside_when_a_pod_is_ready_and_outside_always() {
        let inside = Place::Cluster(SocketAddrV4::new(IP, 80));
        let outside = Place::Host(30080);
        let kind = ServiceKind::ClusterIp(IP);
        assert_eq!(places(kind.clone(), None, &[POD]), [inside]);
        assert_eq!(places(kind.clone(), Some(30080), &[POD]), [inside, outside]);
        assert_eq!(places(kind, Some(30080), &[]), [outside]);
    }

    #[test]
    fn a_headless_service_is_only_a_name() {
        let kind = ServiceKind::Headless(vec![*POD.ip()]);
        assert_eq!(places(kind, None, &[POD]), []);
    }
}
