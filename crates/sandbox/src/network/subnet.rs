use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

/// A range of IPv4 addresses: the first one and the length of the prefix in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    first: Ipv4Addr,
    prefix: u8,
}

impl Subnet {
    /// The range with this prefix that holds `address`. A prefix above 32 counts as 32.
    pub const fn new(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = if prefix > 32 { 32 } else { prefix };
        let first = Ipv4Addr::from_bits(address.to_bits() & mask(prefix));
        Self { first, prefix }
    }

    /// The address that gives the range its name.
    pub const fn first(self) -> Ipv4Addr {
        self.first
    }

    /// The broadcast address of the range.
    pub const fn last(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.first.to_bits() | !mask(self.prefix))
    }

    /// The length of the prefix in bits, at most 32.
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    pub const fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits() & mask(self.prefix) == self.first.to_bits()
    }

    /// The address `index` places after the first; `None` beyond the last.
    pub const fn nth(self, index: u32) -> Option<Ipv4Addr> {
        if index > !mask(self.prefix) {
            return None;
        }
        Some(Ipv4Addr::from_bits(self.first.to_bits() + index))
    }
}

/// Which addresses a [`super::BridgeNetwork`] uses. They exist only inside of it, so two networks on one
/// machine may use the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkPlan {
    /// The link that the pods share.
    pub pods: Subnet,
    /// The bridge's own address in `pods`: the pods' gateway, and where connections through a service
    /// seem to come from.
    pub gateway: Ipv4Addr,
    /// Every address of this range is the bridge's too: a connection to one is accepted by whoever
    /// listens on it and refused at once when nobody does.
    pub services: Subnet,
}

const fn mask(prefix: u8) -> u32 {
    match prefix {
        0 => 0,
        bits => u32::MAX << (32 - bits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_knows_its_addresses() {
        let subnet = Subnet::new(Ipv4Addr::new(10, 42, 7, 9), 16);
        assert_eq!(subnet.first(), Ipv4Addr::new(10, 42, 0, 0));
        assert_eq!(subnet.last(), Ipv4Addr::new(10, 42, 255, 255));
        assert_eq!(subnet.nth(258), Some(Ipv4Addr::new(10, 42, 1, 2)));
        assert_eq!(subnet.nth(65_535), Some(subnet.last()));
        assert_eq!(subnet.nth(65_536), None);
        assert!(subnet.contains(Ipv4Addr::new(10, 42, 200, 1)));
        assert!(!subnet.contains(Ipv4Addr::new(10, 43, 0, 1)));
    }

    #[test]
    fn the_extreme_prefixes_do_not_overflow() {
        let all = Subnet::new(Ipv4Addr::new(1, 2, 3, 4), 0);
        assert_eq!(all.last(), Ipv4Addr::BROADCAST);
        assert_eq!(all.nth(u32::MAX), Some(Ipv4Addr::BROADCAST));
        let one = Subnet::new(Ipv4Addr::new(1, 2, 3, 4), 32);
        assert_eq!(
            (one.nth(0), one.nth(1)),
            (Some(Ipv4Addr::new(1, 2, 3, 4)), None)
        );
    }
}
