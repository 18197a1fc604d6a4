use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The program `towpath-init`, built from the sources as they are. A test of crate `sandbox` has its own
/// way, `CARGO_BIN_EXE_towpath-init`.
///
/// `TOWPATH_TEST_INIT` names one that is there already, for a test that runs itself again as another user.
#[must_use]
pub fn init_program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM
        .get_or_init(|| env::var_os("TOWPATH_TEST_INIT").map_or_else(build, PathBuf::from))
        .clone()
}

fn build() -> PathBuf {
    let exe = env::current_exe().expect("the test knows its own program");
    // <target>/<profile>/deps/<test>
    let folder = exe
        .ancestors()
        .nth(2)
        .expect("tests lie in the target folder")
        .to_owned();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--package",
            "towpath-sandbox",
            "--bin",
            "towpath-init",
        ])
        .status()
        .expect("cargo starts");
    assert!(built.success(), "towpath-init does not build");
    folder.join("towpath-init")
}
