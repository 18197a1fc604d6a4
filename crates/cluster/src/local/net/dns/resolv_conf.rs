//! resolv.conf(5): the pods', written, and the machine's, read (pure).

use std::net::{IpAddr, SocketAddr};

use towpath_model::Namespace;

use super::super::addresses::NAME_SERVER;

/// The machine's resolvers at most asked, as glibc does.
const MOST_SERVERS: usize = 3;

/// What kubelet writes for a pod with `dnsPolicy: ClusterFirst`.
pub(in super::super) fn for_pod(namespace: &Namespace) -> String {
    format!(
        "search {namespace}.svc.cluster.local svc.cluster.local cluster.local\n\
         nameserver {NAME_SERVER}\n\
         options ndots:5\n"
    )
}

/// The name servers that a machine's `resolv.conf` lists, at most three.
pub fn name_servers(resolv_conf: &str) -> Vec<SocketAddr> {
    resolv_conf
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("nameserver"))
        .filter_map(|rest| rest.split_whitespace().next()?.parse::<IpAddr>().ok())
        .map(|ip| SocketAddr::new(ip, 53))
        .take(MOST_SERVERS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_servers_are_found() {
        let text = "# nameserver 9.9.9.9\nsearch x\nnameserver 192.0.2.1\n nameserver\t2001:db8::1 # x\nnameserver fe80::1%eth0\n";
        let found: Vec<_> = name_servers(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["192.0.2.1:53", "[2001:db8::1]:53"]);
    }

    #[test]
    fn a_pod_finds_its_own_namespace_first() {
        let text = for_pod(&"shop".parse().unwrap());
        assert!(text.starts_with("search shop.svc.cluster.local svc.cluster.local "));
    }
}
