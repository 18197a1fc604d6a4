//! The invariants of ARCHITECTURE.md that a look at the text can see.

use crate::source::{SourceFile, files};

/// Lines of the product's code in which `wrong` sees something, as `path:line: text`.
fn violations(wrong: impl Fn(&SourceFile, &str) -> bool) -> Vec<String> {
    let files = files();
    let product = files.iter().filter(|file| !file.is_test());
    product
        .flat_map(|file| file.code().map(move |(number, line)| (file, number, line)))
        .filter(|(file, _, line)| wrong(file, line))
        .map(|(file, number, line)| format!("{}:{number}: {}", file.path, line.trim()))
        .collect()
}

#[track_caller]
fn none(found: Vec<String>) {
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn names(line: &str, package: &str) -> bool {
    line.contains(&format!("{package}::"))
        || line.contains(&format!("use {package};"))
        || line.contains(&format!("use {package} as"))
}

#[test]
fn only_store_names_sql() {
    none(violations(|file, line| {
        file.crate_name() != "store" && names(line, "sqlx")
    }));
}

#[test]
fn only_web_names_axum() {
    none(violations(|file, line| {
        file.crate_name() != "web" && names(line, "axum")
    }));
}

#[test]
fn only_cluster_names_kube() {
    none(violations(|file, line| {
        file.crate_name() != "cluster"
            && ["kube", "k8s_openapi"]
                .iter()
                .any(|package| names(line, package))
    }));
    none(violations(|file, line| {
        file.crate_name() == "cluster"
            && !file.path.starts_with("crates/cluster/src/kubernetes/")
            && !file.path.contains("/examples/")
            && names(line, "kube")
    }));
}

#[test]
fn the_core_does_no_io() {
    let io = [
        "std::fs",
        "std::net",
        "std::process",
        "std::env",
        "tokio::",
        "reqwest::",
    ];
    none(violations(|file, line| {
        matches!(file.crate_name(), "kustomize" | "model" | "yaml")
            && io.iter().any(|name| line.contains(name))
    }));
}

#[test]
fn unsafe_is_only_in_sandbox() {
    none(violations(|file, line| {
        file.crate_name() != "sandbox"
            && (line.contains("unsafe {")
                || line.contains("unsafe fn")
                || line.contains("unsafe impl"))
    }));
}

#[test]
fn libraries_do_not_print_or_read_the_environment() {
    let forbidden = [
        "println!(",
        "eprintln!(",
        "env::var",
        "env::home_dir",
        "env::args",
    ];
    none(violations(|file, line| {
        !matches!(file.crate_name(), "towpath" | "xtask")
            && !file.path.contains("/src/bin/")
            && !file.path.contains("/examples/")
            && !file.path.contains("sandbox/src/init/")
            && !file.path.ends_with("build.rs")
            && forbidden.iter().any(|name| line.contains(name))
    }));
}

#[test]
fn tests_wait_for_conditions_not_for_time() {
    let sleeps = ["thread::sleep(", "time::sleep("];
    let found: Vec<String> = files()
        .iter()
        .filter(|file| file.is_test() && !file.path.starts_with("testkit/src/eventually"))
        .filter(|file| !file.path.starts_with("xtask/"))
        .flat_map(|file| {
            let sleeping = file
                .code()
                .filter(|(_, line)| sleeps.iter().any(|name| line.contains(name)));
            sleeping
                .map(|(number, line)| format!("{}:{number}: {}", file.path, line.trim()))
                .collect::<Vec<_>>()
        })
        .collect();
    none(found);
}

#[test]
fn every_library_says_what_it_is_for() {
    let bare: Vec<String> = files()
        .iter()
        .filter(|file| file.path.ends_with("src/lib.rs") && !file.text.starts_with("//! "))
        .map(|file| file.path.clone())
        .collect();
    none(bare);
}

/// libFuzzer does not start without its folder of examples, and learns little without examples.
#[test]
fn every_fuzz_target_has_a_corpus() {
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let targets = std::fs::read_dir(fuzz.join("fuzz_targets")).unwrap();
    let empty = targets.filter_map(|target| {
        let name = target.unwrap().path().file_stem()?.to_owned();
        let corpus = std::fs::read_dir(fuzz.join("corpus").join(&name));
        let examples = corpus.map_or(0, Iterator::count);
        (examples == 0).then(|| name.to_string_lossy().into_owned())
    });
    none(empty.collect());
}
