//! Cluster IPs and host ports: chosen once, and rows from then on.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, TcpListener};

use towpath_store::{ClusterAddress, ClusterHostPort, Store, StoreError};

use super::net::next_cluster_ip;
use super::wanted::Key;
use crate::spec::{ClusterIp, Service, ServicePort, ServiceType};

/// Where Kubernetes puts node ports.
const HOST_PORTS: std::ops::RangeInclusive<u16> = 30000..=32767;

/// All Services of the cluster, as they are wanted.
pub(super) type Services<'a> = BTreeMap<&'a Key, &'a Service>;

#[derive(Default)]
pub(super) struct Addresses {
    cluster_ips: BTreeMap<Key, Ipv4Addr>,
    host_ports: BTreeMap<(Key, u16), HostPort>,
}

#[derive(Clone, Copy)]
struct HostPort {
    port: u16,
    /// The manifest's `nodePort` when it was chosen.
    asked: Option<u16>,
}

impl Addresses {
    pub(super) async fn load(store: &Store) -> Result<Self, StoreError> {
        let mut addresses = Self::default();
        for row in store.cluster_addresses().await? {
            match (row.namespace.parse(), row.cluster_ip.parse()) {
                (Ok(namespace), Ok(ip)) => {
                    addresses.cluster_ips.insert((namespace, row.service), ip);
                }
                _ => tracing::error!(?row, "a Service's address cannot be read"),
            }
        }
        for row in store.cluster_host_ports().await? {
            let Ok(namespace) = row.namespace.parse() else {
                tracing::error!(?row, "a Service's port cannot be read");
                continue;
            };
            let kept = HostPort {
                port: row.host_port,
                asked: row.asked,
            };
            addresses
                .host_ports
                .insert(((namespace, row.service), row.port), kept);
        }
        Ok(addresses)
    }

    pub(super) fn cluster_ip(&self, service: &Key) -> Option<Ipv4Addr> {
        self.cluster_ips.get(service).copied()
    }

    pub(super) fn host_port(&self, service: &Key, port: u16) -> Option<u16> {
        self.host_ports
            .get(&(service.clone(), port))
            .map(|kept| kept.port)
    }

    /// Gives up what no longer fits the Services; true when there was any.
    pub(super) async fn release(
        &mut self,
        store: &Store,
        services: &Services<'_>,
    ) -> Result<bool, StoreError> {
        let ips: Vec<Key> = self
            .cluster_ips
            .iter()
            .filter(|(key, ip)| !fits_ip(services, key, **ip))
            .map(|(key, _)| key.clone())
            .collect();
        let ports: Vec<(Key, u16)> = self
            .host_ports
            .iter()
            .filter(|((key, port), kept)| !fits_port(services, key, *port, kept))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &ips {
            store.delete_cluster_address(key.0.as_str(), &key.1).await?;
            self.cluster_ips.remove(key);
        }
        for (key, port) in &ports {
            store
                .delete_cluster_host_port(key.0.as_str(), &key.1, *port)
                .await?;
            self.host_ports.remove(&(key.clone(), *port));
        }
        Ok(!ips.is_empty() || !ports.is_empty())
    }

    /// Gives the Services what they lack, when [`Self::release`] was called with them.
    pub(super) async fn provide(
        &mut self,
        store: &Store,
        services: &Services<'_>,
    ) -> Result<(), StoreError> {
        let asked = Asked::of(services);
        for (key, service) in services {
            if service.cluster_ip != ClusterIp::None && self.cluster_ip(key).is_none() {
                self.provide_cluster_ip(store, key, service.cluster_ip, &asked)
                    .await?;
            }
            if service.service_type == ServiceType::ClusterIp {
                continue;
            }
            for port in &service.ports {
                let kept = self.host_ports.get(&((*key).clone(), port.port));
                let asks_anew =
                    |kept: &HostPort| port.node_port.is_some() && port.node_port != kept.asked;
                if kept.is_none_or(asks_anew) {
                    self.provide_host_port(store, key, port, &asked).await?;
                }
            }
        }
        Ok(())
    }

    async fn provide_cluster_ip(
        &mut self,
        store: &Store,
        key: &Key,
        wanted: ClusterIp,
        asked: &Asked,
    ) -> Result<(), StoreError> {
        let mut used: BTreeSet<Ipv4Addr> = self.cluster_ips.values().copied().collect();
        let chosen = match wanted {
            ClusterIp::Fixed(ip) => Some(ip).filter(|ip| !used.contains(ip)),
            ClusterIp::Any | ClusterIp::None => {
                used.extend(&asked.ips);
                next_cluster_ip(&used)
            }
        };
        let Some(ip) = chosen else {
            tracing::error!(service = key.1, "there is no cluster IP for it");
            return Ok(());
        };
        let row = ClusterAddress {
            namespace: key.0.to_string(),
            service: key.1.clone(),
            cluster_ip: ip.to_string(),
        };
        store.put_cluster_address(&row).await?;
        self.cluster_ips.insert(key.clone(), ip);
        Ok(())
    }

    async fn provide_host_port(
        &mut self,
        store: &Store,
        key: &Key,
        port: &ServicePort,
        asked: &Asked,
    ) -> Result<(), StoreError> {
        // A port of the Service's own is as good as free to it.
        let own = self.host_port(key, port.port);
        let free = |candidate: &u16| own == Some(*candidate) || self.is_free(*candidate);
        let for_anybody = |candidate: &u16| !asked.ports.contains(candidate) && free(candidate);
        let chosen = port
            .node_port
            .filter(free)
            .or_else(|| HOST_PORTS.into_iter().find(for_anybody));
        let Some(host_port) = chosen else {
            tracing::error!(service = key.1, port.port, "all host ports are in use");
            return Ok(());
        };
        let row = ClusterHostPort {
            namespace: key.0.to_string(),
            service: key.1.clone(),
            port: port.port,
            host_port,
            asked: port.node_port,
        };
        store.put_cluster_host_port(&row).await?;
        let kept = HostPort {
            port: host_port,
            asked: port.node_port,
        };
        self.host_ports.insert((key.clone(), port.port), kept);
        Ok(())
    }

    /// Nobody has it: no other Service, and no program of this machine.
    fn is_free(&self, port: u16) -> bool {
        !self.is_ours(port) && is_closed(port)
    }

    /// Whether some Service has it.
    pub(super) fn is_ours(&self, port: u16) -> bool {
        self.host_ports.values().any(|used| used.port == port)
    }

    /// What was given instead of this `nodePort`, when another program had that.
    pub(super) fn instead_of(&self, service: &Key, port: u16, asked: u16) -> Option<u16> {
        let kept = self.host_ports.get(&(service.clone(), port))?;
        (kept.asked == Some(asked) && kept.port != asked).then_some(kept.port)
    }

    /// Who has or asks for which cluster IP, when these are the Services.
    pub(super) fn ip_holders<'a>(
        &'a self,
        services: &Services<'a>,
    ) -> BTreeSet<(Ipv4Addr, &'a Key)> {
        let kept = self.cluster_ips.iter().map(|(key, ip)| (*ip, key));
        let fit = kept.filter(|(ip, key)| fits_ip(services, key, *ip));
        fit.chain(asked_ips(services)).collect()
    }

    /// Who has or asks for which port of the machine, when these are the Services.
    pub(super) fn port_holders<'a>(&'a self, services: &Services<'a>) -> BTreeSet<(u16, &'a Key)> {
        let kept = self.host_ports.iter();
        let fit = kept.filter(|((key, port), kept)| fits_port(services, key, *port, kept));
        fit.map(|((key, _), kept)| (kept.port, key))
            .chain(asked_ports(services))
            .collect()
    }
}

/// No program of this machine listens there.
pub(super) fn is_closed(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// What manifests ask for is not given to those who take anything.
struct Asked {
    ips: BTreeSet<Ipv4Addr>,
    ports: BTreeSet<u16>,
}

impl Asked {
    fn of(services: &Services<'_>) -> Self {
        Self {
            ips: asked_ips(services).map(|(ip, _)| ip).collect(),
            ports: asked_ports(services).map(|(port, _)| port).collect(),
        }
    }
}

fn asked_ips<'a>(services: &Services<'a>) -> impl Iterator<Item = (Ipv4Addr, &'a Key)> {
    services
        .iter()
        .filter_map(|(key, service)| match service.cluster_ip {
            ClusterIp::Fixed(ip) => Some((ip, *key)),
            ClusterIp::Any | ClusterIp::None => None,
        })
}

fn asked_ports<'a>(services: &Services<'a>) -> impl Iterator<Item = (u16, &'a Key)> {
    services.iter().flat_map(|(key, service)| {
        let asked = service.ports.iter().filter_map(|port| port.node_port);
        asked.map(|port| (port, *key))
    })
}

fn fits_ip(services: &Services<'_>, key: &Key, kept: Ipv4Addr) -> bool {
    services
        .get(key)
        .is_some_and(|service| match service.cluster_ip {
            ClusterIp::Any => true,
            ClusterIp::None => false,
            ClusterIp::Fixed(ip) => ip == kept,
        })
}

/// A port that was given instead of the one asked for fits as long as that is asked for.
fn fits_port(services: &Services<'_>, key: &Key, number: u16, kept: &HostPort) -> bool {
    let fits = |port: &ServicePort| {
        let asked = port.node_port;
        port.port == number && (asked.is_none() || asked == kept.asked || asked == Some(kept.port))
    };
    services.get(key).is_some_and(|service| {
        service.service_type != ServiceType::ClusterIp && service.ports.iter().any(fits)
    })
}
