//! One pod's network namespace and its link to the bridge.

use std::net::Ipv4Addr;
use std::os::fd::{AsFd, OwnedFd};

use nix::sched::{CloneFlags, unshare};
use rustix::io::Errno;

use super::bridge::{self, Bridge};
use super::links::{self, LOOPBACK, Links, Mac, Veth};
use super::refusal::Refusal;
use super::{Done, sysctl};

const PEER: &str = "eth0";

pub(super) fn add(bridge: &mut Bridge, ip: Ipv4Addr) -> Result<Done, Refusal> {
    if !bridge.plan.pods.contains(ip) || ip == bridge.plan.gateway {
        return Err(Refusal::because(format!(
            "{ip} is not an address for a pod"
        )));
    }
    unshare(CloneFlags::CLONE_NEWNET).map_err(Refusal::of("make a pod's network namespace"))?;
    let made = furnish(bridge, ip);
    bridge.enter()?;
    if made.is_err() {
        // The first reason counts; without a namespace the link ends by itself.
        drop(remove(bridge, ip));
    }
    made
}

pub(super) fn remove(bridge: &mut Bridge, ip: Ipv4Addr) -> Result<Done, Refusal> {
    match bridge.links.delete(&port_name(ip)) {
        // The link ended with the pod's namespace.
        Err(refusal) if refusal.is(Errno::NODEV) => Ok(Done::default()),
        result => result.map(|()| Done::default()),
    }
}

/// Fills the new namespace, which is the current one.
fn furnish(bridge: &mut Bridge, ip: Ipv4Addr) -> Result<Done, Refusal> {
    let namespace = bridge::current_namespace()?;
    // As container runtimes do: a server that is not root may listen on port 80.
    let but = sysctl::set("ipv4.ip_unprivileged_port_start", "0").err();
    connect(bridge, ip, &namespace)?;
    let mut links = Links::open()?;
    links.set_up(LOOPBACK)?;
    let index = links::index(PEER)?;
    links.add_address(index, ip, bridge.plan.pods)?;
    links.set_up(index)?;
    links.add_default_route(bridge.plan.gateway)?;
    links.wait_until_operational(PEER)?;
    bridge.links.wait_until_operational(&port_name(ip))?;
    Ok(Done {
        fds: vec![namespace],
        but: but.map(|refusal| refusal.to_string()),
    })
}

fn connect(bridge: &mut Bridge, ip: Ipv4Addr, namespace: &OwnedFd) -> Result<(), Refusal> {
    let veth = Veth {
        name: &port_name(ip),
        bridge: bridge.index,
        peer_name: PEER,
        peer_mac: mac(ip),
        peer_namespace: namespace.as_fd(),
    };
    match bridge.links.add_veth(&veth) {
        // An earlier pod's, whose removal nobody waited for.
        Err(refusal) if refusal.is(Errno::EXIST) => {
            bridge.links.delete(veth.name)?;
            bridge.links.add_veth(&veth)
        }
        result => result,
    }
}

fn port_name(ip: Ipv4Addr) -> String {
    format!("pod{:08x}", ip.to_bits())
}

/// An address always has the same hardware address, so what neighbours remember of it stays true when
/// another pod gets it.
fn mac(ip: Ipv4Addr) -> Mac {
    let [a, b, c, d] = ip.octets();
    [0x02, 0x42, a, b, c, d]
}
