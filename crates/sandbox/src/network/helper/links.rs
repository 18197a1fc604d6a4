//! Links, addresses and routes of one network namespace (rtnetlink(7)).

use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::thread;
use std::time::{Duration, Instant};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage, State,
};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use rustix::io::Errno;

use super::netlink::Netlink;
use super::refusal::Refusal;
use crate::network::Subnet;

/// `lo` is the first link of every namespace.
pub(super) const LOOPBACK: u32 = 1;
/// The routing table of addresses that are this host's own (`RT_TABLE_LOCAL`).
const LOCAL_TABLE: u8 = 255;
/// The kernel looks at links once a second.
const NOTICE_LIMIT: Duration = Duration::from_secs(3);
const NEW: u16 = NLM_F_CREATE | NLM_F_EXCL;

/// A hardware address.
pub(super) type Mac = [u8; 6];

/// Makes and changes the links of the namespace in which it was opened.
pub(super) struct Links(Netlink);

/// A pair of links: `name` here, as a port of bridge `bridge`, and `peer_name` in another namespace.
pub(super) struct Veth<'a> {
    pub(super) name: &'a str,
    pub(super) bridge: u32,
    pub(super) peer_name: &'a str,
    pub(super) peer_mac: Mac,
    pub(super) peer_namespace: BorrowedFd<'a>,
}

impl Links {
    /// Of the current namespace.
    pub(super) fn open() -> Result<Self, Refusal> {
        Netlink::open()
            .map(Self)
            .map_err(Refusal::of("open a netlink socket"))
    }

    pub(super) fn add_bridge(&mut self, name: &str, mac: Mac) -> Result<(), Refusal> {
        let mut link = link(name, InfoKind::Bridge, None);
        // Without an address of its own it takes that of a port, and changes it as ports come and go.
        link.attributes.push(LinkAttribute::Address(mac.to_vec()));
        self.send(
            RouteNetlinkMessage::NewLink(link),
            NEW,
            format!("add bridge {name} (kernel module bridge)"),
        )
    }

    pub(super) fn add_veth(&mut self, veth: &Veth<'_>) -> Result<(), Refusal> {
        let mut peer = LinkMessage::default();
        peer.attributes = vec![
            LinkAttribute::IfName(veth.peer_name.into()),
            LinkAttribute::Address(veth.peer_mac.to_vec()),
            LinkAttribute::NetNsFd(veth.peer_namespace.as_raw_fd()),
        ];
        let data = InfoData::Veth(InfoVeth::Peer(peer));
        let mut link = up(link(veth.name, InfoKind::Veth, Some(data)));
        link.attributes.push(LinkAttribute::Controller(veth.bridge));
        let what = format!("add veth {} (kernel module veth)", veth.name);
        self.send(RouteNetlinkMessage::NewLink(link), NEW, what)
    }

    pub(super) fn set_up(&mut self, index: u32) -> Result<(), Refusal> {
        let mut link = up(LinkMessage::default());
        link.header.index = index;
        self.send(
            RouteNetlinkMessage::SetLink(link),
            0,
            format!("bring link {index} up"),
        )
    }

    pub(super) fn delete(&mut self, name: &str) -> Result<(), Refusal> {
        let mut link = LinkMessage::default();
        link.attributes = vec![LinkAttribute::IfName(name.into())];
        self.send(
            RouteNetlinkMessage::DelLink(link),
            0,
            format!("delete link {name}"),
        )
    }

    /// Gives the link an address of a subnet, which makes the rest of that subnet reachable by it.
    pub(super) fn add_address(
        &mut self,
        index: u32,
        ip: Ipv4Addr,
        subnet: Subnet,
    ) -> Result<(), Refusal> {
        let mut address = AddressMessage::default();
        address.header.family = AddressFamily::Inet;
        address.header.prefix_len = subnet.prefix();
        address.header.index = index;
        address.attributes = vec![
            AddressAttribute::Address(IpAddr::V4(ip)),
            AddressAttribute::Local(IpAddr::V4(ip)),
            AddressAttribute::Broadcast(subnet.last()),
        ];
        self.send(
            RouteNetlinkMessage::NewAddress(address),
            NEW,
            format!("add address {ip}"),
        )
    }

    pub(super) fn add_default_route(&mut self, gateway: Ipv4Addr) -> Result<(), Refusal> {
        let mut route = route(
            RouteType::Unicast,
            RouteScope::Universe,
            RouteHeader::RT_TABLE_MAIN,
        );
        route.attributes = vec![RouteAttribute::Gateway(RouteAddress::Inet(gateway))];
        self.send(
            RouteNetlinkMessage::NewRoute(route),
            NEW,
            format!("route by {gateway}"),
        )
    }

    /// Makes every address of the subnet this namespace's own, without an entry for each.
    pub(super) fn add_local_range(&mut self, subnet: Subnet) -> Result<(), Refusal> {
        let mut route = route(RouteType::Local, RouteScope::Host, LOCAL_TABLE);
        route.header.destination_prefix_length = subnet.prefix();
        route.attributes = vec![
            RouteAttribute::Destination(RouteAddress::Inet(subnet.first())),
            RouteAttribute::Oif(LOOPBACK),
        ];
        let what = format!("take in {}/{}", subnet.first(), subnet.prefix());
        self.send(RouteNetlinkMessage::NewRoute(route), NEW, what)
    }

    fn send(
        &mut self,
        message: RouteNetlinkMessage,
        flags: u16,
        what: String,
    ) -> Result<(), Refusal> {
        self.0
            .request(message, flags)
            .map(drop)
            .map_err(Refusal::of(what))
    }

    /// Waits until the link carries packets. Both ends being up is not enough: the kernel notices at its
    /// leisure, up to a second later, and until then drops what is sent. Since Linux 6.8 asking makes it
    /// notice.
    pub(super) fn wait_until_operational(&mut self, name: &str) -> Result<(), Refusal> {
        let start = Instant::now();
        while self.state(name)? != Some(State::Up) {
            if start.elapsed() > NOTICE_LIMIT {
                return Err(Refusal::of(format!("wait for link {name}"))(
                    Errno::TIMEDOUT,
                ));
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    fn state(&mut self, name: &str) -> Result<Option<State>, Refusal> {
        let mut link = LinkMessage::default();
        link.attributes = vec![LinkAttribute::IfName(name.into())];
        let told = self
            .0
            .request(RouteNetlinkMessage::GetLink(link), 0)
            .map_err(Refusal::of(format!("ask for link {name}")))?;
        let Some(RouteNetlinkMessage::NewLink(link)) = told else {
            return Ok(None);
        };
        Ok(link
            .attributes
            .into_iter()
            .find_map(|attribute| match attribute {
                LinkAttribute::OperState(state) => Some(state),
                _ => None,
            }))
    }
}

/// The index of a link of the current namespace.
pub(super) fn index(name: &str) -> Result<u32, Refusal> {
    nix::net::if_::if_nametoindex(name).map_err(Refusal::of(format!("look for link {name}")))
}

fn link(name: &str, kind: InfoKind, data: Option<InfoData>) -> LinkMessage {
    let mut info = vec![LinkInfo::Kind(kind)];
    info.extend(data.map(LinkInfo::Data));
    let mut link = LinkMessage::default();
    link.attributes = vec![
        LinkAttribute::IfName(name.into()),
        LinkAttribute::LinkInfo(info),
    ];
    link
}

fn up(mut link: LinkMessage) -> LinkMessage {
    link.header.flags = LinkFlags::Up;
    link.header.change_mask = LinkFlags::Up;
    link
}

fn route(kind: RouteType, scope: RouteScope, table: u8) -> RouteMessage {
    let mut route = RouteMessage::default();
    route.header.address_family = AddressFamily::Inet;
    route.header.kind = kind;
    route.header.scope = scope;
    route.header.table = table;
    route.header.protocol = RouteProtocol::Static;
    route
}
