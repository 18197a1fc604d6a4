use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::is_root;

/// Nobody has this id, and /etc/subuid gives it nothing.
const SOMEBODY: u32 = 61_234;

/// Root runs the tests with containers once more as a plain user.
#[test]
fn a_plain_user_has_the_same_network() {
    if !is_root() {
        return;
    }
    // The target folder may be closed to others.
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let init = copy(
        &towpath_testkit::init_program(),
        folder.path(),
        "towpath-init",
    );
    let tests = copy(&std::env::current_exe().unwrap(), folder.path(), "tests");
    let output = Command::new(tests)
        .args(["net::containers::", "--nocapture"])
        .env("TOWPATH_TEST_INIT", init)
        .env("HOME", "/")
        .env_remove("TMPDIR")
        .current_dir("/")
        .gid(SOMEBODY)
        .uid(SOMEBODY)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("test result: ok. 2 passed"), "{text}");
}

fn copy(program: &Path, folder: &Path, name: &str) -> PathBuf {
    let copy = folder.join(name);
    fs::copy(program, &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    copy
}
