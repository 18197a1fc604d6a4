use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sched::{CloneFlags, setns, unshare};

use super::links::{self, LOOPBACK, Links};
use super::refusal::Refusal;
use super::{Done, sysctl};
use crate::init::user_namespace;
use crate::network::NetworkPlan;
use crate::user_namespace::UserNamespace;

const NAME: &str = "towpath0";
/// Locally administered, and unlike any pod's ([`super::pod`]).
const MAC: links::Mac = [0x02, 0x54, 0x00, 0x00, 0x00, 0x01];

/// Dials come from one address, to few: the whole range of ports, reused after a second instead of a
/// minute, allows some 60,000 connections a second to a pod's port. Forwarding is on so that what leads
/// out is answered with "unreachable" rather than with silence.
const PARAMETERS: &[(&str, &str)] = &[
    ("ipv4.ip_local_port_range", "1024 65535"),
    ("ipv4.tcp_tw_reuse", "1"),
    ("ipv4.ip_forward", "1"),
];

/// The namespace that this process lives in: the bridge, its address and the service range.
pub(super) struct Bridge {
    pub(super) plan: NetworkPlan,
    pub(super) index: u32,
    pub(super) links: Links,
    namespace: OwnedFd,
}

impl Bridge {
    /// Moves this process into new namespaces. [`Done`] carries the user namespace, if one was made.
    pub(super) fn set_up(
        plan: NetworkPlan,
        ids: Option<&UserNamespace>,
    ) -> Result<(Self, Done), Refusal> {
        let user = ids.map(enter_user_namespace).transpose()?;
        unshare(CloneFlags::CLONE_NEWNET).map_err(Refusal::of("make a network namespace"))?;
        let but = set_parameters();
        let mut links = Links::open()?;
        links.set_up(LOOPBACK)?;
        links.add_bridge(NAME, MAC)?;
        let index = links::index(NAME)?;
        links.add_address(index, plan.gateway, plan.pods)?;
        links.set_up(index)?;
        links.add_local_range(plan.services)?;
        let namespace = current_namespace()?;
        let bridge = Self {
            plan,
            index,
            links,
            namespace,
        };
        let fds = user.into_iter().collect();
        Ok((bridge, Done { fds, but }))
    }

    /// Brings this process back after a visit to another namespace.
    pub(super) fn enter(&self) -> Result<(), Refusal> {
        setns(&self.namespace, CloneFlags::CLONE_NEWNET)
            .map_err(Refusal::of("return to the bridge's network namespace"))
    }
}

fn enter_user_namespace(ids: &UserNamespace) -> Result<OwnedFd, Refusal> {
    user_namespace::enter(ids).map_err(Refusal::because)?;
    namespace("/proc/self/ns/user")
}

fn set_parameters() -> Option<String> {
    let refused: Vec<_> = PARAMETERS
        .iter()
        .filter_map(|(name, value)| sysctl::set(name, value).err())
        .map(|refusal| refusal.to_string())
        .collect();
    (!refused.is_empty()).then(|| refused.join("; "))
}

/// Of the network, as a descriptor that keeps it alive.
pub(super) fn current_namespace() -> Result<OwnedFd, Refusal> {
    namespace("/proc/self/ns/net")
}

fn namespace(path: &str) -> Result<OwnedFd, Refusal> {
    File::open(path)
        .map(OwnedFd::from)
        .map_err(Refusal::of(format!("open {path}")))
}

impl AsFd for Bridge {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.namespace.as_fd()
    }
}
