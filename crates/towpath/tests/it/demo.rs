use std::process::Command;

use crate::program::program;

#[test]
fn the_demo_goes_through_and_says_so_last() {
    let output = Command::new(program()).arg("demo").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    let last = said.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("demo: ok in ") && last.ends_with(" s"),
        "{said}"
    );
    for expected in [
        "Push to first build command",
        "Push to running",
        "none failed",
        "#2",
        "sha256:",
    ] {
        assert!(said.contains(expected), "no {expected:?} in:\n{said}");
    }
}
