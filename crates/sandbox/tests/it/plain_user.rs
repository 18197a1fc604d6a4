//! All of these tests again as somebody who is not root: without and with ids to give to others.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::{INIT, host, init_program, is_root};

/// Of no user on any machine, we hope.
const USER: &str = "51234";

/// Whether ids are granted: "0" or "1".
const RANGES: &str = "TOWPATH_TEST_RANGES";

#[tokio::test]
async fn ids_are_granted_as_expected() {
    let Ok(expected) = std::env::var(RANGES) else {
        return;
    };
    let host = host().await;
    assert_eq!(
        host.uid_inside(100_000),
        (expected == "1").then_some(1),
        "{:?}",
        host.notes()
    );
    assert_eq!(
        host.notes()
            .iter()
            .any(|lack| lack.remedy.contains("uidmap")),
        expected == "0"
    );
}

#[test]
fn as_root_without_id_ranges() {
    again("");
}

#[test]
fn as_root_with_id_ranges() {
    if towpath_testkit::require("newuidmap").is_some() {
        again(&format!("{USER}:100000:65536\n"));
    }
}

/// In a mount namespace of its own, in which these are the ids granted.
fn again(granted: &str) {
    if !is_root() {
        eprintln!("skipped: the other tests run as a plain user already");
        return;
    }
    let folder = tempfile::TempDir::new_in("/var/tmp").unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let tests = copy(
        &std::env::current_exe().unwrap(),
        &folder.path().join("tests"),
    );
    let init = copy(&init_program().path, &folder.path().join("towpath-init"));
    // Over /etc as a whole: a file mounted in it would keep overlays off it.
    let etc = folder.path().join("etc");
    fs::create_dir(&etc).unwrap();
    fs::create_dir(folder.path().join("etc-work")).unwrap();
    for name in ["subuid", "subgid"] {
        fs::write(etc.join(name), granted).unwrap();
    }
    // newuidmap serves only users that have a name.
    let known = fs::read_to_string("/etc/passwd").unwrap();
    let user = format!("towpath-test:x:{USER}:{USER}::/nonexistent:/bin/sh\n");
    fs::write(etc.join("passwd"), known + &user).unwrap();
    let script = format!(
        "mount -t overlay overlay -o lowerdir=/etc,upperdir={etc},workdir={etc}-work /etc && \
         exec setpriv --reuid {USER} --regid {USER} --clear-groups {tests} --skip as_root --skip network",
        etc = etc.display()
    );
    let status = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script])
        .env(INIT, init)
        .env(RANGES, if granted.is_empty() { "0" } else { "1" })
        .current_dir("/")
        .status()
        .unwrap();
    assert!(status.success(), "as a plain user: {status}");
}

fn copy(from: &Path, to: &Path) -> String {
    fs::copy(from, to).unwrap();
    fs::set_permissions(to, Permissions::from_mode(0o755)).unwrap();
    to.display().to_string()
}
