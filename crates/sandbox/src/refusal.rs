//! Why a kernel refuses sandboxes, and what to enable.

use std::fs;

use crate::{Lack, SandboxError};

/// A switch of the kernel's, the value at which it forbids user namespaces, and how to turn it.
struct Switch {
    path: &'static str,
    forbids: &'static str,
    remedy: &'static str,
}

const SWITCHES: [Switch; 3] = [
    Switch {
        path: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        forbids: "1",
        remedy: "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    },
    Switch {
        path: "/proc/sys/kernel/unprivileged_userns_clone",
        forbids: "0",
        remedy: "sysctl -w kernel.unprivileged_userns_clone=1",
    },
    Switch {
        path: "/proc/sys/user/max_user_namespaces",
        forbids: "0",
        remedy: "sysctl -w user.max_user_namespaces=10000",
    },
];

/// `refused` is what a try came to.
pub(crate) fn explain(refused: &SandboxError) -> Lack {
    Lack {
        what: format!("this machine allows no sandbox: {refused}"),
        remedy: match refused {
            SandboxError::Spawn { .. } => {
                "Towpath's own program has to stay where it was started".into()
            }
            SandboxError::TimedOut(_) => {
                "see which process hangs (ps -ef | grep towpath-init), or start again when the machine is less busy".into()
            }
            _ => what_to_enable(),
        },
    }
}

fn what_to_enable() -> String {
    let forbids = |switch: &&Switch| {
        fs::read_to_string(switch.path).is_ok_and(|value| value.trim() == switch.forbids)
    };
    SWITCHES.iter().find(forbids).map_or_else(
        || {
            "run Towpath as root, or allow user namespaces (in a container: docker run --security-opt \
             seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined)"
                .to_owned()
        },
        |switch| format!("as root: {}", switch.remedy),
    )
}
