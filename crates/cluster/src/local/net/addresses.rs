//! Who has which address. They exist only inside the cluster's own network namespace, so they are the same
//! for every cluster and free to overlap with the machine's.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use towpath_sandbox::network::{NetworkPlan, Subnet};

/// Pods, as k3s does.
const PODS: Subnet = Subnet::new(Ipv4Addr::new(10, 42, 0, 0), 16);
/// Where pods send what is not for a pod; connections through a Service come from here.
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 1);
/// Services' cluster IPs, as k3s does.
pub const SERVICES: Subnet = Subnet::new(Ipv4Addr::new(10, 43, 0, 0), 16);
/// The name server that pods' `resolv.conf` names.
pub const NAME_SERVER: Ipv4Addr = Ipv4Addr::new(10, 43, 0, 10);
/// Cluster IPs up to here are for the cluster itself.
const RESERVED_SERVICES: u32 = 15;

pub(super) const PLAN: NetworkPlan = NetworkPlan {
    pods: PODS,
    gateway: GATEWAY,
    services: SERVICES,
};

/// The lowest cluster IP that is not in use; `None` when all 65,000 are.
pub fn next_cluster_ip(used: &BTreeSet<Ipv4Addr>) -> Option<Ipv4Addr> {
    (RESERVED_SERVICES + 1..)
        .map_while(|index| SERVICES.nth(index))
        .find(|ip| !used.contains(ip) && *ip != SERVICES.last())
}

/// Hands out pods' addresses in turn, so that a departed pod's is not at once another's.
#[derive(Debug, Default)]
pub(super) struct PodAddresses {
    used: BTreeSet<Ipv4Addr>,
    last: u32,
}

impl PodAddresses {
    /// `None` when all are in use.
    pub(super) fn take(&mut self) -> Option<Ipv4Addr> {
        let after = (self.last + 1..).map_while(|index| Some((index, PODS.nth(index)?)));
        let around = (0..=self.last).map_while(|index| Some((index, PODS.nth(index)?)));
        let (index, ip) = after.chain(around).find(|(_, ip)| self.is_free(*ip))?;
        self.last = index;
        self.used.insert(ip);
        Some(ip)
    }

    pub(super) fn give_back(&mut self, ip: Ipv4Addr) {
        self.used.remove(&ip);
    }

    fn is_free(&self, ip: Ipv4Addr) -> bool {
        let special = [PODS.first(), GATEWAY, PODS.last()];
        !special.contains(&ip) && !self.used.contains(&ip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_get_addresses_in_turn() {
        let mut addresses = PodAddresses::default();
        let first = addresses.take().unwrap();
        assert_eq!(first, Ipv4Addr::new(10, 42, 0, 2));
        addresses.give_back(first);
        assert_eq!(addresses.take(), Some(Ipv4Addr::new(10, 42, 0, 3)));
        addresses.last = 65_533;
        assert_eq!(addresses.take(), Some(Ipv4Addr::new(10, 42, 255, 254)));
        assert_eq!(addresses.take(), Some(Ipv4Addr::new(10, 42, 0, 2)));
    }

    #[test]
    fn addresses_run_out() {
        let used = (0..65_536).filter_map(|index| PODS.nth(index)).collect();
        let mut addresses = PodAddresses { used, last: 0 };
        assert_eq!(addresses.take(), None);
        addresses.give_back(Ipv4Addr::new(10, 42, 3, 4));
        assert_eq!(addresses.take(), Some(Ipv4Addr::new(10, 42, 3, 4)));
    }

    #[test]
    fn the_lowest_free_cluster_ip_is_next() {
        let mut used = BTreeSet::new();
        assert_eq!(next_cluster_ip(&used), Some(Ipv4Addr::new(10, 43, 0, 16)));
        used.insert(Ipv4Addr::new(10, 43, 0, 16));
        assert_eq!(next_cluster_ip(&used), Some(Ipv4Addr::new(10, 43, 0, 17)));
    }
}
