use std::env;
use std::path::PathBuf;

/// Finds the outside program that a test needs. Without it the test is to return at once: the skip is
/// printed, and with `TOWPATH_REQUIRE_REAL=1`, as in CI, it is a failure.
#[must_use]
pub fn require(program: &str) -> Option<PathBuf> {
    let found = env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join(program))
        .find(|path| path.is_file());
    if found.is_none() {
        let required = env::var_os("TOWPATH_REQUIRE_REAL").is_some_and(|value| value == "1");
        assert!(
            !required,
            "this test needs the program `{program}`, which is not installed"
        );
        eprintln!("skipped: the program `{program}` is not installed");
    }
    found
}
