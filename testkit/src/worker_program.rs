use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The program `towpath-worker`, built from the sources as they are. A test of crate `remote` has its own way,
/// `CARGO_BIN_EXE_towpath-worker`.
#[must_use]
pub fn worker_program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(build).clone()
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
            "towpath-remote",
            "--bin",
            "towpath-worker",
        ])
        .status()
        .expect("cargo starts");
    assert!(built.success(), "towpath-worker does not build");
    folder.join("towpath-worker")
}
