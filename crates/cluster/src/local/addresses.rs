//! Cluster IPs and host ports: chosen once, and rows from then on.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, TcpListener};

use towpath_store::{ClusterAddress, ClusterHostPort, Store, StoreError};

use super::net::{SERVICES, next_cluster_ip};
use super::wanted::Key;
use crate::spec::{ClusterIp, Service, ServiceType};

/// Where Kubernetes puts node ports.
const HOST_PORTS: std::ops::RangeInclusive<u16> = 30000..=32767;

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
            if let (Ok(namespace), Ok(ip)) = (row.namespace.parse(), row.cluster_ip.parse()) {
                addresses.cluster_ips.insert((namespace, row.service), ip);
            }
        }
        for row in store.cluster_host_ports().await? {
            if let Ok(namespace) = row.namespace.parse() {
                let kept = HostPort {
                    port: row.host_port,
                    asked: row.asked,
                };
                addresses
                    .host_ports
                    .insert(((namespace, row.service), row.port), kept);
            }
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

    /// Gives the Service what it lacks.
    pub(super) async fn provide(
        &mut self,
        store: &Store,
        key: &Key,
        service: &Service,
    ) -> Result<(), StoreError> {
        if service.cluster_ip != ClusterIp::None {
            self.provide_cluster_ip(store, key, service.cluster_ip)
                .await?;
        }
        if service.service_type == ServiceType::ClusterIp {
            return Ok(());
        }
        for port in &service.ports {
            let kept = self.host_ports.get(&(key.clone(), port.port));
            let asks_anew =
                |kept: &HostPort| port.node_port.is_some() && port.node_port != kept.asked;
            if kept.is_none_or(asks_anew) {
                self.provide_host_port(store, key, port.port, port.node_port)
                    .await?;
            }
        }
        Ok(())
    }

    async fn provide_cluster_ip(
        &mut self,
        store: &Store,
        key: &Key,
        asked: ClusterIp,
    ) -> Result<(), StoreError> {
        let kept = self.cluster_ip(key);
        let used: BTreeSet<Ipv4Addr> = self.cluster_ips.values().copied().collect();
        let chosen = match asked {
            ClusterIp::Fixed(ip) if kept == Some(ip) => return Ok(()),
            ClusterIp::Fixed(ip) if SERVICES.contains(ip) && !used.contains(&ip) => Some(ip),
            _ if kept.is_some() => return Ok(()),
            _ => next_cluster_ip(&used),
        };
        if let ClusterIp::Fixed(asked) = asked
            && chosen != Some(asked)
        {
            tracing::warn!(service = key.1, %asked, "another Service has the cluster IP that is asked for");
        }
        let Some(ip) = chosen else {
            tracing::error!(service = key.1, "all cluster IPs are in use");
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
        port: u16,
        asked: Option<u16>,
    ) -> Result<(), StoreError> {
        // A port of the Service's own is as good as free to it.
        let own = self.host_port(key, port);
        let free = |candidate: &u16| own == Some(*candidate) || self.is_free(*candidate);
        let chosen = asked
            .filter(free)
            .or(own)
            .or_else(|| HOST_PORTS.into_iter().find(free));
        let Some(host_port) = chosen else {
            tracing::error!(service = key.1, port, "all host ports are in use");
            return Ok(());
        };
        if let Some(asked) = asked.filter(|asked| *asked != host_port) {
            tracing::warn!(
                service = key.1,
                asked,
                host_port,
                "a nodePort is taken and was replaced"
            );
        }
        let row = ClusterHostPort {
            namespace: key.0.to_string(),
            service: key.1.clone(),
            port,
            host_port,
            asked,
        };
        store.put_cluster_host_port(&row).await?;
        let kept = HostPort {
            port: host_port,
            asked,
        };
        self.host_ports.insert((key.clone(), port), kept);
        Ok(())
    }

    /// Nobody has it: no other Service, and no program of this machine.
    fn is_free(&self, port: u16) -> bool {
        let taken = self.host_ports.values().any(|used| used.port == port);
        !taken && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
    }

    /// Gives up what Services have that are no more.
    pub(super) async fn retain(
        &mut self,
        store: &Store,
        keep: impl Fn(&Key) -> bool,
    ) -> Result<(), StoreError> {
        let with_ports = self.host_ports.keys().map(|(key, _)| key);
        let gone: BTreeSet<Key> = self
            .cluster_ips
            .keys()
            .chain(with_ports)
            .filter(|key| !keep(key))
            .cloned()
            .collect();
        for key in gone {
            store.delete_cluster_service(key.0.as_str(), &key.1).await?;
            self.cluster_ips.remove(&key);
            self.host_ports.retain(|(service, _), _| *service != key);
        }
        Ok(())
    }
}
