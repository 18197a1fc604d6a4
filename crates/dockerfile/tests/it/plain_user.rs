//! The other tests again as somebody who is not root.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use towpath_testkit::{init_program, require};

/// Of no user on any machine, we hope.
const USER: &str = "51235";

#[test]
fn builds_without_id_ranges() {
    again("");
}

#[test]
fn builds_with_id_ranges() {
    if require("newuidmap").is_some() {
        again(&format!("{USER}:100000:65536\n"));
    }
}

/// In a mount namespace of its own, in which these are the ids granted.
fn again(granted: &str) {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: the other tests run as a plain user already");
        return;
    }
    if require("setpriv").is_none() || require("unshare").is_none() {
        return;
    }
    // The user may not read the folder that the tests were built in.
    let folder = tempfile::TempDir::new_in("/var/tmp").unwrap();
    allow(folder.path());
    let tests = copy(
        &std::env::current_exe().unwrap(),
        &folder.path().join("tests"),
    );
    let init = copy(&init_program(), &folder.path().join("towpath-init"));
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    let id = USER.parse().unwrap();
    chown(&home, Some(id), Some(id)).unwrap();
    let ids = write(&folder.path().join("ids"), granted);
    // newuidmap serves only users that have a name.
    let known = fs::read_to_string("/etc/passwd").unwrap();
    let user = format!("towpath-test:x:{USER}:{USER}::/nonexistent:/bin/sh\n");
    let users = write(&folder.path().join("passwd"), &(known + &user));
    let script = format!(
        "mount --bind {ids} /etc/subuid && mount --bind {ids} /etc/subgid && \
         mount --bind {users} /etc/passwd && \
         exec setpriv --reuid {USER} --regid {USER} --clear-groups {tests} --skip plain_user"
    );
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script])
        .env("TOWPATH_TEST_INIT", init)
        .env("TMPDIR", &home)
        .env("HOME", &home)
        .current_dir(&home)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "as a plain user:\n{text}\n{errors}"
    );
}

fn copy(from: &Path, to: &Path) -> String {
    fs::copy(from, to).unwrap();
    allow(to);
    to.display().to_string()
}

fn write(path: &Path, content: &str) -> String {
    fs::write(path, content).unwrap();
    allow(path);
    path.display().to_string()
}

fn allow(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}
