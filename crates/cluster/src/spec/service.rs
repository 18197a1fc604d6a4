use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::probe::{self, PortRef};
use super::reader::Fields;
use super::selector::Selector;

/// `v1` Service.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    pub service_type: ServiceType,
    /// Empty: it has no endpoints of ours.
    pub selector: Selector,
    pub ports: Vec<ServicePort>,
    pub cluster_ip: ClusterIp,
    /// Pods are behind it even before they are ready.
    pub publish_not_ready: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceType {
    ClusterIp,
    NodePort,
    LoadBalancer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterIp {
    /// The cluster chooses.
    Any,
    /// Headless: its name stands for the addresses of its pods.
    None,
    Fixed(Ipv4Addr),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    pub name: Option<String>,
    pub port: u16,
    pub target: PortRef,
    pub node_port: Option<u16>,
}

pub(super) fn read(fields: &Fields) -> Service {
    let Some(spec) = fields.required_mapping("spec") else {
        return Service {
            service_type: ServiceType::ClusterIp,
            selector: Selector::default(),
            ports: Vec::new(),
            cluster_ip: ClusterIp::Any,
            publish_not_ready: false,
        };
    };
    let service = Service {
        service_type: service_type(&spec),
        selector: Selector::from_labels(spec.string_map("selector")),
        ports: spec.items("ports").into_iter().map(port).collect(),
        cluster_ip: cluster_ip(&spec),
        publish_not_ready: spec.boolean("publishNotReadyAddresses").unwrap_or(false),
    };
    refuse(&spec);
    check(&spec, &service);
    spec.finish();
    service
}

fn service_type(spec: &Fields) -> ServiceType {
    match spec.string("type").as_deref() {
        None | Some("ClusterIP") => ServiceType::ClusterIp,
        Some("NodePort") => ServiceType::NodePort,
        Some("LoadBalancer") => ServiceType::LoadBalancer,
        Some("ExternalName") => {
            spec.unsupported(&["type"], "name the other host where it is used");
            ServiceType::ClusterIp
        }
        Some(other) => {
            spec.error(
                "type",
                format!("unknown type {other:?}; one of ClusterIP, NodePort, LoadBalancer"),
            );
            ServiceType::ClusterIp
        }
    }
}

fn cluster_ip(spec: &Fields) -> ClusterIp {
    let given = spec.string("clusterIP").filter(|ip| !ip.is_empty());
    // The API server's rule; a second one would be an address of the other family.
    let listed = spec.strings("clusterIPs");
    if !listed.is_empty() && listed.as_slice() != given.as_slice() {
        spec.error_with(
            "clusterIPs",
            "`clusterIPs` may only repeat `clusterIP`",
            "remove `clusterIPs`",
        );
    }
    match given.as_deref() {
        None => ClusterIp::Any,
        Some("None") => ClusterIp::None,
        Some(text) => match text.parse() {
            Ok(ip) => ClusterIp::Fixed(ip),
            Err(_) => {
                spec.error("clusterIP", format!("{text:?} is not an IPv4 address"));
                ClusterIp::Any
            }
        },
    }
}

fn refuse(spec: &Fields) {
    match spec.string("sessionAffinity").as_deref() {
        None | Some("None") => {}
        Some(_) => spec.unsupported(&["sessionAffinity"], "remove it"),
    }
    spec.unsupported(
        &["externalIPs", "externalName"],
        "use type LoadBalancer or NodePort",
    );
    spec.ignored(
        &[
            "allocateLoadBalancerNodePorts",
            "externalTrafficPolicy",
            "healthCheckNodePort",
            "internalTrafficPolicy",
            "ipFamilies",
            "ipFamilyPolicy",
            "loadBalancerClass",
            "loadBalancerIP",
            "loadBalancerSourceRanges",
            "sessionAffinityConfig",
            "trafficDistribution",
        ],
        "there is one machine, which answers on 127.0.0.1",
    );
}

fn check(spec: &Fields, service: &Service) {
    if service.ports.is_empty() && service.cluster_ip != ClusterIp::None {
        spec.missing("ports");
    }
    if service.ports.len() > 1 && service.ports.iter().any(|port| port.name.is_none()) {
        spec.error("ports", "each of several ports needs a name");
    }
    let (mut numbers, mut names) = (BTreeSet::new(), BTreeSet::new());
    for port in &service.ports {
        let fresh_name = port.name.as_ref().is_none_or(|name| names.insert(name));
        if !numbers.insert(port.port) || !fresh_name {
            spec.error("ports", format!("port {} appears twice", port.port));
        }
    }
    check_node_ports(spec, service);
    if service.cluster_ip == ClusterIp::None && service.service_type != ServiceType::ClusterIp {
        spec.error("clusterIP", "a headless Service is of type ClusterIP");
    }
}

/// As the API server has it: none where there is no port on the machine, and each only once.
fn check_node_ports(spec: &Fields, service: &Service) {
    let mut seen = BTreeSet::new();
    for (index, port) in service.ports.iter().enumerate() {
        let Some(node_port) = port.node_port else {
            continue;
        };
        let key = format!("ports/{index}/nodePort");
        if service.service_type == ServiceType::ClusterIp {
            spec.error_with(
                &key,
                "`nodePort` may not be used when `type` is ClusterIP",
                "write `type: NodePort`, or remove `nodePort`",
            );
        } else if !seen.insert(node_port) {
            spec.error(&key, format!("nodePort {node_port} appears twice"));
        }
    }
}

fn port(fields: Fields) -> ServicePort {
    match fields.string("protocol").as_deref() {
        None | Some("TCP") => {}
        Some(_) => fields.unsupported(&["protocol"], "only TCP is carried"),
    }
    fields.ignored(&["appProtocol"], "connections are carried as they are");
    let port = fields.port("port");
    if port.is_none() && !fields.has("port") {
        fields.missing("port");
    }
    let target = if fields.has("targetPort") {
        probe::port_ref(&fields, "targetPort")
    } else {
        None
    };
    let node_port = fields.port("nodePort");
    let name = fields.string("name");
    fields.finish();
    // A missing one is an error already.
    let port = port.unwrap_or(1);
    ServicePort {
        name,
        port,
        target: target.unwrap_or(PortRef::Number(port)),
        node_port,
    }
}
