use std::path::Path;

use towpath_model::workspace::Exit;
use towpath_sandbox::{Capabilities, Sandbox, Spec, User};

use crate::support::{host, is_root, output, run, sandbox, spec};

const STATUS: &str = "grep -E '^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs)' /proc/self/status | tr -s '\\t\\n' '  '";

#[tokio::test]
async fn root_has_dockers_capabilities_and_gets_no_more() {
    let sandbox = sandbox().await;
    let set = "00000000a80425fb";
    assert_eq!(
        output(&sandbox, STATUS).await.trim(),
        format!(
            "CapInh: 0000000000000000 CapPrm: {set} CapEff: {set} CapBnd: {set} CapAmb: 0000000000000000 NoNewPrivs: 1"
        )
    );
    assert_eq!(output(&sandbox, "id -u; id -g").await, "0\n0\n");
}

#[tokio::test]
async fn capabilities_are_as_asked() {
    let chown = "chown".parse().unwrap();
    let capabilities = Capabilities::NONE.with(chown);
    let spec = Spec {
        capabilities,
        ..spec(Path::new("/nonexistent"))
    };
    let sandbox = Sandbox::start(&host().await, spec).await.unwrap();
    let status = output(&sandbox, STATUS).await;
    assert!(
        status.contains("CapEff: 0000000000000001 CapBnd: 0000000000000001"),
        "{status}"
    );
}

/// As in Docker: EPERM, and ENOSYS for clone3, whose callers then use clone.
#[tokio::test]
async fn dangerous_system_calls_are_denied() {
    let sandbox = sandbox().await;
    for script in [
        "unshare --user true",
        "unshare --net true",
        "mount -t tmpfs none /mnt",
    ] {
        let (said, exit) = run(&sandbox, &format!("LC_ALL=C {script}")).await;
        assert!(!exit.success(), "{script}");
        assert!(
            said.contains("Operation not permitted") || said.contains("permission denied"),
            "{said}"
        );
    }
    let status = output(&sandbox, "grep Seccomp: /proc/self/status").await;
    assert_eq!(status.trim(), "Seccomp:\t2");
    if towpath_testkit::require("perl").is_none() {
        return;
    }
    let clone_into_namespace = nix::libc::CLONE_NEWUSER | nix::libc::SIGCHLD;
    for (call, argument, errno) in [
        (nix::libc::SYS_keyctl, 0, nix::libc::EPERM),
        (nix::libc::SYS_bpf, 0, nix::libc::EPERM),
        (nix::libc::SYS_clone, clone_into_namespace, nix::libc::EPERM),
        (nix::libc::SYS_clone3, 0, nix::libc::ENOSYS),
    ] {
        let script = format!("perl -e 'syscall({call}, {argument}, 0, 0, 0, 0); print $!+0'");
        assert_eq!(output(&sandbox, &script).await, errno.to_string(), "{call}");
    }
    output(&sandbox, "ls | cat; (exit 0) & wait").await;
}

#[tokio::test]
async fn another_user_has_no_privileges() {
    let host = host().await;
    let user = User {
        uid: 1000,
        gid: 1001,
        groups: vec![1002],
    };
    let spec = Spec {
        user,
        ..spec(Path::new("/nonexistent"))
    };
    let sandbox = Sandbox::start(&host, spec).await.unwrap();
    let (said, exit) = run(&sandbox, &format!("id -u; id -g; id -G; {STATUS}")).await;
    if host.uid_inside(nix::unistd::geteuid().as_raw()) == Some(0)
        && host.uid_inside(100_000).is_none()
    {
        // A plain user without ranges has nobody else to be.
        assert_eq!(exit, Exit::Code(126));
        assert!(said.contains("/etc/subuid"), "{said}");
        return;
    }
    assert!(said.starts_with("1000\n1001\n1001 1002\n"), "{said}");
    assert!(
        said.contains("CapPrm: 0000000000000000 CapEff: 0000000000000000"),
        "{said}"
    );
}

#[tokio::test]
async fn packages_can_be_installed_as_root() {
    if !is_root() || towpath_testkit::require("apt-get").is_none() {
        return;
    }
    // What package scripts need, without a network: other users, owners, dpkg's database.
    let script = "set -e; touch /var/lib/dpkg/x; chown 100:100 /var/lib/dpkg/x; stat -c %u /var/lib/dpkg/x; \
                  setpriv --reuid 100 --regid 100 --clear-groups id -u; mkdir -p /var/lib/apt/lists/partial; \
                  apt-get --version > /dev/null; dpkg --clear-avail; useradd somebody; id -u somebody > /dev/null";
    assert_eq!(output(&sandbox().await, script).await, "100\n100\n");
}
