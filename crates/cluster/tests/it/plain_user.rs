use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Nobody has this id, and /etc/subuid gives it nothing.
const SOMEBODY: u32 = 61_235;

pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Runs tests of this program, those whose names hold one of `filters`, once more as a plain user. A plain
/// user runs them anyway.
pub(crate) fn run(filters: &[&str]) {
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
        .args(filters)
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
    let some_ran = text.contains(" passed") && !text.contains(" ok. 0 passed");
    assert!(output.status.success() && some_ran, "{text}");
}

fn copy(program: &Path, folder: &Path, name: &str) -> PathBuf {
    let copy = folder.join(name);
    fs::copy(program, &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    copy
}
