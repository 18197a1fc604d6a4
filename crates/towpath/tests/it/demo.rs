use std::os::unix::fs::symlink;
use std::process::{Command, Output};

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

fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

/// Without a compiler the build fails: the demo names the stage, the reason and the log, and exits 1.
#[test]
fn a_failure_is_1_and_names_the_stage_the_reason_and_the_log() {
    let tools = tempfile::tempdir().unwrap();
    for tool in ["git", "sh", "mkdir"] {
        let path = Command::new("sh")
            .args(["-c", &format!("command -v {tool}")])
            .output()
            .unwrap();
        let path = String::from_utf8(path.stdout).unwrap();
        symlink(path.trim(), tools.path().join(tool)).unwrap();
    }
    let data = tools.path().join("data");
    let demo = Command::new(program())
        .arg("demo")
        .arg("--data")
        .arg(&data)
        .env("PATH", tools.path())
        .output();
    let output = demo.unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for expected in [
        "demo: failed",
        "stage Build",
        "rustc --version",
        "exit code 127",
        "not found",
    ] {
        assert!(said.contains(expected), "no {expected:?} in:\n{said}");
    }
}

/// In a user namespace that allows no further ones, and without capabilities.
#[test]
fn without_namespaces_it_says_what_to_enable_and_exits_2() {
    let script = "echo 0 > /proc/sys/user/max_user_namespaces \
                  && exec setpriv --bounding-set -all --inh-caps -all --no-new-privs \"$0\" demo";
    let unshare = Command::new("unshare")
        .args(["-Ur", "sh", "-c", script])
        .arg(program())
        .output();
    let output = unshare.unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for expected in ["namespace", "sysctl", "--isolation none"] {
        assert!(said.contains(expected), "no {expected:?} in:\n{said}");
    }
}
