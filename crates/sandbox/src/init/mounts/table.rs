//! The mounts of the machine (proc_pid_mountinfo(5)).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// File systems that hold nothing a build could use, or that answer only to their maker.
const USELESS: &[&str] = &[
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fuse.gvfsd-fuse",
    "fuse.portal",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "sysfs",
    "tracefs",
];

/// The places where something useful is mounted, parents before their children.
pub(super) fn mount_points(mountinfo: &str) -> Vec<PathBuf> {
    let mut points: Vec<_> = mountinfo.lines().filter_map(mount_point).collect();
    points.sort();
    points.dedup();
    points
}

fn mount_point(line: &str) -> Option<PathBuf> {
    let (mount, filesystem) = line.split_once(" - ")?;
    let kind = filesystem.split(' ').next()?;
    if USELESS.contains(&kind) {
        return None;
    }
    mount.split(' ').nth(4).map(unescape)
}

/// Blanks and the like are written as a backslash and three octal digits.
fn unescape(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = tail.get(..3).filter(|_| *first == b'\\').and_then(octal);
        bytes.push(escaped.unwrap_or(*first));
        rest = &tail[if escaped.is_some() { 3 } else { 0 }..];
    }
    OsString::from_vec(bytes).into()
}

fn octal(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn useful_mounts_in_order() {
        let mountinfo = "27 1 254:0 / / rw - ext4 /dev/vda rw\n\
             31 27 0:28 / /var/lib/x rw shared:1 - tmpfs tmpfs rw\n\
             30 27 0:29 / /sys rw - sysfs sysfs rw\n\
             32 27 0:30 / /media/my\\040disk rw - vfat /dev/sdb rw\n\
             33 27 0:31 / /media rw - tmpfs tmpfs rw\n";
        let points = ["/", "/media", "/media/my disk", "/var/lib/x"].map(PathBuf::from);
        assert_eq!(mount_points(mountinfo), points);
    }
}
