//! Builds the worker that builds in pods run, a static program of its own, to be part of this one.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names one that was built before; empty for none, where builds in pods are not wanted.
const PREBUILT: &str = "TOWPATH_WORKER_PROGRAM";
/// What the worker is made of.
const SOURCES: [&str; 4] = ["archive", "model", "remote", "sandbox"];

fn main() {
    println!("cargo::rerun-if-env-changed={PREBUILT}");
    let out = PathBuf::from(variable("OUT_DIR")).join("towpath-worker");
    match env::var_os(PREBUILT) {
        Some(path) if path.is_empty() => fs::write(&out, b"").expect("OUT_DIR can be written"),
        Some(path) => copy(Path::new(&path), &out),
        None => copy(&build(), &out),
    }
    println!("cargo::rustc-env=TOWPATH_WORKER={}", out.display());
}

fn copy(from: &Path, to: &Path) {
    println!("cargo::rerun-if-changed={}", from.display());
    fs::copy(from, to).unwrap_or_else(|error| panic!("cannot copy {}: {error}", from.display()));
}

fn build() -> PathBuf {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("../..");
    for name in SOURCES {
        println!(
            "cargo::rerun-if-changed={}",
            root.join("crates").join(name).join("src").display()
        );
        println!(
            "cargo::rerun-if-changed={}",
            root.join("crates").join(name).join("Cargo.toml").display()
        );
    }
    println!(
        "cargo::rerun-if-changed={}",
        root.join("Cargo.lock").display()
    );
    let target = variable("TARGET");
    let folder = target_folder();
    let built = cargo(&root, &target, &folder)
        .status()
        .expect("cargo starts");
    assert!(
        built.success(),
        "the worker for builds in pods does not build as a static program: glibc's static library (libc6-dev, \
         glibc-static) is needed; or name a built one with {PREBUILT}=FILE, or none with {PREBUILT}= "
    );
    folder.join(target).join("release/towpath-worker")
}

/// Shared by all profiles, so that it is built once; not this build's own folder, which is locked.
fn target_folder() -> PathBuf {
    let out = PathBuf::from(variable("OUT_DIR"));
    // <target>/<profile>/build/<package>/out
    let target = out.ancestors().nth(4).expect("cargo's folders");
    target.join("worker")
}

fn cargo(root: &Path, target: &str, folder: &Path) -> Command {
    let mut cargo = Command::new(variable("CARGO"));
    cargo
        .current_dir(root)
        .args(["build", "--release", "--locked", "--quiet"])
        .args(["--package", "towpath-remote", "--bin", "towpath-worker"])
        .args(["--target", target])
        .arg("--target-dir")
        .arg(folder)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "s")
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
        .env("CARGO_PROFILE_RELEASE_PANIC", "abort");
    // What the build around this one is asked for is not meant for this one.
    for name in [
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_TARGET_DIR",
        "RUSTC_WORKSPACE_WRAPPER",
    ] {
        cargo.env_remove(name);
    }
    cargo
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
