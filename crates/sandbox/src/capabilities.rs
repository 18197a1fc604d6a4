use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// In the order of their numbers (`linux/capability.h`).
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// A set of Linux capabilities (capabilities(7)).
///
/// ```
/// use towpath_sandbox::{Capabilities, Capability};
/// let chown: Capability = "CAP_CHOWN".parse().unwrap();
/// assert!(Capabilities::DOCKER.contains(chown));
/// assert!(!Capabilities::DOCKER.without(chown).contains(chown));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Capabilities(u64);

impl Capabilities {
    pub const NONE: Self = Self(0);
    /// What a container has in Docker unless it says otherwise (Docker documentation, "Runtime privilege
    /// and Linux capabilities"): the fourteen from CHOWN to SETFCAP.
    pub const DOCKER: Self = Self(0xa804_25fb);

    pub const fn contains(self, capability: Capability) -> bool {
        self.0 & (1 << capability.0) != 0
    }

    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        Self(self.0 | (1 << capability.0))
    }

    #[must_use]
    pub const fn without(self, capability: Capability) -> Self {
        Self(self.0 & !(1 << capability.0))
    }

    /// One bit each, as in `CapEff` of `/proc/self/status`.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

/// One Linux capability, written with or without `CAP_`, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability(u8);

impl Capability {
    pub(crate) const DAC_READ_SEARCH: Self = Self(2);
    pub(crate) const SYS_MODULE: Self = Self(16);
    pub(crate) const SYS_PTRACE: Self = Self(19);
    pub(crate) const SYS_PACCT: Self = Self(20);
    pub(crate) const SYS_ADMIN: Self = Self(21);
    pub(crate) const SYS_BOOT: Self = Self(22);
    pub(crate) const SYS_TIME: Self = Self(25);
    pub(crate) const SYSLOG: Self = Self(34);
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a Linux capability; expected a name such as NET_BIND_SERVICE")]
pub struct CapabilityError(String);

impl FromStr for Capability {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
        NAMES
            .iter()
            .position(|known| *known == name)
            .and_then(|index| u8::try_from(index).ok())
            .map(Self)
            .ok_or_else(|| CapabilityError(text.chars().take(100).collect()))
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CAP_{}", NAMES[usize::from(self.0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockers_default_is_the_documented_fourteen() {
        let documented = "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW \
                          SETFCAP SETGID SETPCAP SETUID SYS_CHROOT";
        let set = documented
            .split_whitespace()
            .fold(Capabilities::NONE, |set, name| {
                set.with(name.parse().unwrap())
            });
        assert_eq!(set, Capabilities::DOCKER);
    }

    #[test]
    fn constants_are_what_they_say() {
        for (constant, name) in [
            (Capability::DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH"),
            (Capability::SYS_MODULE, "CAP_SYS_MODULE"),
            (Capability::SYS_PTRACE, "CAP_SYS_PTRACE"),
            (Capability::SYS_PACCT, "CAP_SYS_PACCT"),
            (Capability::SYS_ADMIN, "CAP_SYS_ADMIN"),
            (Capability::SYS_BOOT, "CAP_SYS_BOOT"),
            (Capability::SYS_TIME, "CAP_SYS_TIME"),
            (Capability::SYSLOG, "CAP_SYSLOG"),
        ] {
            assert_eq!(constant.to_string(), name);
        }
    }

    #[test]
    fn names_are_read_as_people_write_them() {
        for name in ["CAP_NET_RAW", "net_raw", "cap_net_raw"] {
            assert_eq!(
                name.parse::<Capability>().unwrap().to_string(),
                "CAP_NET_RAW"
            );
        }
        assert!("CAP_MAGIC".parse::<Capability>().is_err());
        assert!("".parse::<Capability>().is_err());
    }
}
