//! The other tests again as somebody who is not root.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use towpath_testkit::{init_program, require};

/// Of no user on any machine, we hope.
const UNUSED_ID: u32 = 51235;

#[test]
fn builds_as_a_plain_user() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: the other tests run as a plain user already");
        return;
    }
    let Some(setpriv) = require("setpriv") else {
        return;
    };
    // The user may not read the folder that the tests were built in.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let tests = copy(
        &std::env::current_exe().unwrap(),
        &folder.path().join("tests"),
    );
    let init = copy(&init_program(), &folder.path().join("towpath-init"));
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    chown(&home, Some(UNUSED_ID), Some(UNUSED_ID)).unwrap();
    let id = UNUSED_ID.to_string();
    let output = Command::new(setpriv)
        .args([
            "--reuid",
            &id,
            "--regid",
            &id,
            "--clear-groups",
            "--",
            &tests,
        ])
        .args(["--skip", "plain_user"])
        .env("TOWPATH_TEST_INIT", init)
        .env("TMPDIR", &home)
        .env("HOME", &home)
        .current_dir(&home)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "as user {id}:\n{text}\n{errors}");
}

fn copy(from: &Path, to: &Path) -> String {
    fs::copy(from, to).unwrap();
    fs::set_permissions(to, Permissions::from_mode(0o755)).unwrap();
    to.display().to_string()
}
