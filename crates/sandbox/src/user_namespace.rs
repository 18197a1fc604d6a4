//! The ids of a user namespace (user_namespaces(7)): plain data, with what /etc/subuid says.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// As many ids as an image may count on.
const WANTED: u32 = 65_536;

/// How a plain user's sandbox numbers its users. Root inside is the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UserNamespace {
    pub(crate) uids: Vec<IdRange>,
    pub(crate) gids: Vec<IdRange>,
    /// `None`: only the caller's own id is mapped, which needs no helper.
    pub(crate) helpers: Option<MapHelpers>,
}

/// `newuidmap` and `newgidmap` of package uidmap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MapHelpers {
    pub(crate) newuidmap: PathBuf,
    pub(crate) newgidmap: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IdRange {
    pub(crate) inside: u32,
    pub(crate) outside: u32,
    pub(crate) count: u32,
}

impl UserNamespace {
    pub(crate) fn single(uid: u32, gid: u32) -> Self {
        Self {
            uids: vec![own(uid)],
            gids: vec![own(gid)],
            helpers: None,
        }
    }

    /// With the ranges that /etc/subuid and /etc/subgid grant.
    pub(crate) fn with_ranges(
        mut self,
        subuids: &[(u32, u32)],
        subgids: &[(u32, u32)],
        helpers: MapHelpers,
    ) -> Self {
        append(&mut self.uids, subuids);
        append(&mut self.gids, subgids);
        self.helpers = Some(helpers);
        self
    }

    /// The id inside of a file's owner outside.
    pub(crate) fn uid_inside(&self, outside: u32) -> Option<u32> {
        inside(&self.uids, outside)
    }

    pub(crate) fn gid_inside(&self, outside: u32) -> Option<u32> {
        inside(&self.gids, outside)
    }
}

/// First id and count of each range that a file such as /etc/subuid grants to a user, who is named in it by
/// name or by number (subuid(5)). Lines that do not fit are not for us to judge.
pub(crate) fn granted(text: &str, name: Option<&str>, id: u32) -> Vec<(u32, u32)> {
    let id = id.to_string();
    text.lines()
        .filter_map(|line| {
            let mut fields = line.trim().split(':');
            let owner = fields.next()?;
            let first = fields.next()?.parse().ok()?;
            let count = fields.next()?.parse().ok()?;
            (Some(owner) == name || owner == id).then_some((first, count))
        })
        .collect()
}

fn own(id: u32) -> IdRange {
    IdRange {
        inside: 0,
        outside: id,
        count: 1,
    }
}

fn append(map: &mut Vec<IdRange>, granted: &[(u32, u32)]) {
    let mut next = 1;
    for &(outside, count) in granted {
        let count = count.min(WANTED - next);
        if count > 0 {
            map.push(IdRange {
                inside: next,
                outside,
                count,
            });
            next += count;
        }
    }
}

fn inside(map: &[IdRange], outside: u32) -> Option<u32> {
    map.iter().find_map(|range| {
        let offset = outside.checked_sub(range.outside)?;
        (offset < range.count).then(|| range.inside + offset)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_granted_by_name_or_number() {
        let text = "ann:100000:65536\n# a comment\nbob:165536:65536\n1001:300000:10\nbroken\n";
        assert_eq!(granted(text, Some("ann"), 1000), [(100_000, 65_536)]);
        assert_eq!(
            granted(text, Some("bob"), 1001),
            [(165_536, 65_536), (300_000, 10)]
        );
        assert_eq!(granted(text, None, 7), []);
    }

    #[test]
    fn ids_map_to_the_caller_and_then_to_the_ranges() {
        let helpers = MapHelpers {
            newuidmap: "u".into(),
            newgidmap: "g".into(),
        };
        let ids = UserNamespace::single(1000, 100).with_ranges(
            &[(100_000, 10), (300_000, 65_536)],
            &[(100_000, 65_536)],
            helpers,
        );
        assert_eq!(ids.uid_inside(1000), Some(0));
        assert_eq!(ids.uid_inside(100_000), Some(1));
        assert_eq!(ids.uid_inside(100_009), Some(10));
        assert_eq!(ids.uid_inside(300_000), Some(11));
        assert_eq!(ids.uid_inside(99_999), None);
        assert_eq!(ids.gid_inside(100_100), Some(101));
        assert_eq!(ids.uids.iter().map(|r| r.count).sum::<u32>(), 65_536);
    }
}
