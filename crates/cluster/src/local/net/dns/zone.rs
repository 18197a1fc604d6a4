//! What the cluster's own names mean (pure).

use std::collections::HashMap;
use std::net::Ipv4Addr;

use super::super::service::{ServiceEntry, ServiceKind};

/// The cluster's domain, as labels.
const DOMAIN: [&str; 2] = ["cluster", "local"];
/// The reverse names of pods and Services (10.42.0.0/16 and 10.43.0.0/16).
const REVERSE: [[&str; 4]; 2] = [
    ["42", "10", "in-addr", "arpa"],
    ["43", "10", "in-addr", "arpa"],
];

/// The names of one cluster at one moment.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Zone {
    /// By namespace, then by name.
    services: HashMap<String, HashMap<String, ZoneService>>,
}

#[derive(Clone, Debug)]
struct ZoneService {
    headless: bool,
    addresses: Vec<Ipv4Addr>,
    ports: Vec<ZonePort>,
}

#[derive(Clone, Debug)]
struct ZonePort {
    name: Option<String>,
    /// A Service's own port, and for a headless one that of each pod.
    targets: Vec<(Ipv4Addr, u16)>,
}

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Not the cluster's name: others may know it.
    Foreign,
    /// A name of the cluster's domain that does not exist.
    Nothing,
    /// The name exists, but only as a part of others.
    Empty,
    Addresses(Vec<Ipv4Addr>),
    /// A named port: where it is served.
    Ports(Vec<Target>),
}

/// A port of a Service, or of one of its pods when the Service is headless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) address: Ipv4Addr,
}

impl Zone {
    pub(in super::super) fn new(services: &[ServiceEntry]) -> Self {
        let mut zone = Self::default();
        for service in services {
            let namespace = service.key.namespace.as_str().to_owned();
            let names = zone.services.entry(namespace).or_default();
            names.insert(service.key.name.clone(), ZoneService::new(service));
        }
        zone
    }

    /// The meaning of a fully qualified name, given as lower-case labels.
    pub(super) fn meaning(&self, labels: &[&str]) -> Meaning {
        if REVERSE.iter().any(|suffix| labels.ends_with(suffix)) {
            return Meaning::Nothing;
        }
        let Some(inner) = labels.strip_suffix(&DOMAIN) else {
            return Meaning::Foreign;
        };
        match inner {
            [] | ["svc"] => Meaning::Empty,
            [rest @ .., namespace, "svc"] => self.in_namespace(rest, namespace),
            _ => Meaning::Nothing,
        }
    }

    fn in_namespace(&self, rest: &[&str], namespace: &str) -> Meaning {
        let Some(services) = self.services.get(namespace) else {
            return Meaning::Nothing;
        };
        let Some((name, below)) = rest.split_last() else {
            return Meaning::Empty;
        };
        match services.get(*name) {
            Some(service) => {
                service.meaning(below, &format!("{name}.{namespace}.svc.cluster.local."))
            }
            None => Meaning::Nothing,
        }
    }
}

impl ZoneService {
    fn new(service: &ServiceEntry) -> Self {
        let (headless, addresses) = match &service.kind {
            ServiceKind::ClusterIp(ip) => (false, vec![*ip]),
            ServiceKind::Headless(pods) => (true, pods.clone()),
        };
        let targets = |port: &super::super::service::ServicePort| match headless {
            true => port
                .endpoints
                .iter()
                .map(|pod| (*pod.ip(), pod.port()))
                .collect(),
            false => addresses.iter().map(|ip| (*ip, port.port)).collect(),
        };
        let ports = service.ports.iter().map(|port| ZonePort {
            name: port.name.clone(),
            targets: targets(port),
        });
        Self {
            headless,
            ports: ports.collect(),
            addresses,
        }
    }

    /// The meaning of the labels that stand before the Service's own name.
    fn meaning(&self, below: &[&str], own_name: &str) -> Meaning {
        match below {
            [] => Meaning::Addresses(self.addresses.clone()),
            ["_tcp"] => Meaning::Empty,
            [port, "_tcp"] => self.named_port(port, own_name),
            [pod] if self.headless => self.pod(pod),
            _ => Meaning::Nothing,
        }
    }

    fn named_port(&self, label: &str, own_name: &str) -> Meaning {
        let wanted = label.strip_prefix('_');
        let found = self
            .ports
            .iter()
            .find(|port| port.name.is_some() && port.name.as_deref() == wanted);
        let Some(port) = found else {
            return Meaning::Nothing;
        };
        let targets = port.targets.iter().map(|(address, port)| Target {
            host: match self.headless {
                true => format!("{}.{own_name}", pod_label(*address)),
                false => own_name.to_owned(),
            },
            port: *port,
            address: *address,
        });
        Meaning::Ports(targets.collect())
    }

    fn pod(&self, label: &str) -> Meaning {
        match self.addresses.iter().find(|ip| pod_label(**ip) == label) {
            Some(ip) => Meaning::Addresses(vec![*ip]),
            None => Meaning::Nothing,
        }
    }
}

/// `10-42-0-7`: the name of a pod that has none of its own.
fn pod_label(ip: Ipv4Addr) -> String {
    ip.to_string().replace('.', "-")
}

#[cfg(test)]
mod tests {
    use super::super::super::service::{ServiceKey, ServicePort};
    use super::*;
    use std::net::SocketAddrV4;

    const IP: Ipv4Addr = Ipv4Addr::new(10, 43, 0, 20);
    const POD: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 7);

    fn service(name: &str, kind: ServiceKind) -> ServiceEntry {
        ServiceEntry {
            key: ServiceKey {
                namespace: "shop".parse().unwrap(),
                name: name.into(),
            },
            kind,
            ports: vec![ServicePort {
                name: Some("http".into()),
                port: 80,
                host_port: None,
                endpoints: vec![SocketAddrV4::new(POD, 8080)],
            }],
        }
    }

    fn meaning(name: &str) -> Meaning {
        let zone = Zone::new(&[
            service("web", ServiceKind::ClusterIp(IP)),
            service("db", ServiceKind::Headless(vec![POD])),
        ]);
        zone.meaning(&name.split('.').collect::<Vec<_>>())
    }

    fn target(host: &str, port: u16, address: Ipv4Addr) -> Meaning {
        let host = host.into();
        Meaning::Ports(vec![Target {
            host,
            port,
            address,
        }])
    }

    #[test]
    fn names_mean_what_kubernetes_says() {
        let cases = [
            ("web.shop.svc.cluster.local", Meaning::Addresses(vec![IP])),
            ("db.shop.svc.cluster.local", Meaning::Addresses(vec![POD])),
            (
                "10-42-0-7.db.shop.svc.cluster.local",
                Meaning::Addresses(vec![POD]),
            ),
            (
                "_http._tcp.web.shop.svc.cluster.local",
                target("web.shop.svc.cluster.local.", 80, IP),
            ),
            (
                "_http._tcp.db.shop.svc.cluster.local",
                target("10-42-0-7.db.shop.svc.cluster.local.", 8080, POD),
            ),
            ("_tcp.web.shop.svc.cluster.local", Meaning::Empty),
            ("shop.svc.cluster.local", Meaning::Empty),
            ("svc.cluster.local", Meaning::Empty),
            ("cluster.local", Meaning::Empty),
            ("api.shop.svc.cluster.local", Meaning::Nothing),
            ("web.other.svc.cluster.local", Meaning::Nothing),
            ("_ftp._tcp.web.shop.svc.cluster.local", Meaning::Nothing),
            ("10-42-0-8.db.shop.svc.cluster.local", Meaning::Nothing),
            ("x.web.shop.svc.cluster.local", Meaning::Nothing),
            ("example.cluster.local", Meaning::Nothing),
            ("7.0.42.10.in-addr.arpa", Meaning::Nothing),
            ("7.0.44.10.in-addr.arpa", Meaning::Foreign),
            ("example.com", Meaning::Foreign),
            ("web", Meaning::Foreign),
        ];
        for (name, expected) in cases {
            assert_eq!(meaning(name), expected, "{name}");
        }
    }
}
