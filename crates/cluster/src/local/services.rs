//! From Services and pods to what the network is to do.

use std::net::{Ipv4Addr, SocketAddrV4};

use super::addresses::Addresses;
use super::net::{ServiceEntry, ServiceKey, ServiceKind, ServicePort as NetPort};
use super::pods::Pod;
use super::wanted::Key;
use crate::spec::{ClusterIp, Service, ServicePort, ServiceType};

pub(super) fn entry(
    key: &Key,
    service: &Service,
    pods: &[Pod],
    addresses: &Addresses,
) -> Option<ServiceEntry> {
    let behind = behind(key, service, pods);
    let kind = match service.cluster_ip {
        ClusterIp::None => ServiceKind::Headless(behind.iter().map(|(_, ip)| *ip).collect()),
        _ => ServiceKind::ClusterIp(addresses.cluster_ip(key)?),
    };
    let port = |port: &ServicePort| NetPort {
        name: port.name.clone(),
        port: port.port,
        host_port: match service.service_type {
            ServiceType::ClusterIp => None,
            _ => addresses.host_port(key, port.port),
        },
        endpoints: behind
            .iter()
            .filter_map(|(pod, ip)| endpoint(pod, *ip, port))
            .collect(),
    };
    Some(ServiceEntry {
        key: ServiceKey {
            namespace: key.0.clone(),
            name: key.1.clone(),
        },
        kind,
        ports: service.ports.iter().map(port).collect(),
    })
}

/// The pods that a Service selects and that take connections, with their addresses.
fn behind<'a>(key: &Key, service: &Service, pods: &'a [Pod]) -> Vec<(&'a Pod, Ipv4Addr)> {
    let selected = pods.iter().filter(|pod| {
        let context = &pod.context;
        let same_namespace = context.identity.namespace == key.0;
        same_namespace
            && !service.selector.is_empty()
            && service.selector.matches(&context.template.labels)
    });
    let address = |pod: &'a Pod| {
        let state = &pod.seen;
        let takes = state.ready_since.is_some() || (service.publish_not_ready && !state.stopping);
        state.ip.filter(|_| takes).map(|ip| (pod, ip))
    };
    selected.filter_map(address).collect()
}

fn endpoint(pod: &Pod, ip: Ipv4Addr, port: &ServicePort) -> Option<SocketAddrV4> {
    let target = pod.context.template.spec.port(&port.target)?;
    Some(SocketAddrV4::new(ip, target))
}
