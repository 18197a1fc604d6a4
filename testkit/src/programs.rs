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
    let given = || env::var_os("TOWPATH_TEST_INIT").map(PathBuf::from);
    PROGRAM
        .get_or_init(|| given().unwrap_or_else(|| build("towpath-sandbox", "towpath-init")))
        .clone()
}

/// The program `towpath-worker`, built from the sources as they are. A test of crate `remote` has its own way,
/// `CARGO_BIN_EXE_towpath-worker`.
#[must_use]
pub fn worker_program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM
        .get_or_init(|| build("towpath-remote", "towpath-worker"))
        .clone()
}

fn build(package: &str, program: &str) -> PathBuf {
    let exe = env::current_exe().expect("the test knows its own program");
    // <target>/<profile>/deps/<test>
    let folder = exe
        .ancestors()
        .nth(2)
        .expect("tests lie in the target folder")
        .to_owned();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", package, "--bin", program])
        .status()
        .expect("cargo starts");
    assert!(built.success(), "{program} does not build");
    folder.join(program)
}
