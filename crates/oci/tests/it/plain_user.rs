use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use towpath_testkit::require;

const UNUSED_ID: u32 = 12345;

/// Runs the tests whose names begin with `prefix` once more, as a user who is nobody special. Does
/// nothing when the tests are run by one.
pub(crate) fn run(prefix: &str) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let Some(setpriv) = require("setpriv") else {
        return;
    };
    // The user may not read the folder that the tests were built in.
    let home = tempfile::tempdir().unwrap();
    let program = home.path().join("tests");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    for path in [home.path(), &program] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let scratch = home.path().join("tmp");
    std::fs::create_dir(&scratch).unwrap();
    std::os::unix::fs::chown(&scratch, Some(UNUSED_ID), Some(UNUSED_ID)).unwrap();
    let id = UNUSED_ID.to_string();
    let output = Command::new(setpriv)
        .args(["--reuid", &id, "--regid", &id, "--clear-groups"])
        .args(["--inh-caps=-all", "--bounding-set=-all", "--"])
        // Nor may the user's umask matter.
        .args(["sh", "-c", "umask 077; exec \"$@\"", "sh"])
        .arg(&program)
        .args([prefix, "--nocapture"])
        .env("TMPDIR", &scratch)
        .env("HOME", &scratch)
        .current_dir(&scratch)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "as user {id}:\n{text}\n{errors}");
    assert!(text.contains("test result: ok"), "{text}");
}
