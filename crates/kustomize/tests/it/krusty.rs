//! The trees in the tests of upstream's own package `krusty`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use towpath_kustomize::{FileTree, build};

use crate::case::{difference, options};
use crate::random::judge::{Answer, Judge};

/// Built there and refused here: it names `../ov1` in the root folder, which no folder on a disk is.
const REFUSED_HERE: [&str; 1] = ["TestNameReferenceDeploymentIssue3489"];

/// Of version 0.21.1, with those of programs that nobody may run; some tests build several.
const TREES: usize = 303;

#[test]
fn the_trees_of_upstreams_tests_are_built_as_upstream_builds_them() {
    let needed = ["go", "kustomize-judge"].map(towpath_testkit::require);
    let [Some(_), Some(judge)] = needed else {
        return;
    };
    let mut judge = Judge::start(&judge);
    let requests = requests();
    assert_eq!(requests.len(), TREES);
    let differences: Vec<String> = requests
        .iter()
        .filter_map(|request| {
            let found = differs(request, &judge.answer(request))?;
            let test = request["test"].as_str().expect("a test's name");
            (!REFUSED_HERE.contains(&test)).then(|| format!("{test}: {found}"))
        })
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// One a tree.
fn requests() -> Vec<Value> {
    let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("krusty.jsonl");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/krusty/trees");
    let done = Command::new(script).arg(&kept).status();
    assert!(done.expect("bash starts").success());
    let lines = fs::read_to_string(&kept).expect("what the script has written");
    let request = |line| serde_json::from_str(line).expect("a request");
    lines.lines().map(request).collect()
}

fn differs(request: &Value, answer: &Answer) -> Option<String> {
    let mut tree = FileTree::default();
    for (path, text) in request["files"].as_object().expect("files") {
        tree.insert(path, text.as_str().expect("a text").into());
    }
    let folder = request["path"].as_str().expect("a path");
    match (build(&tree, folder, &options(request)), answer) {
        (Ok(built), Answer::Output(expected)) => difference(&built.yaml, expected),
        (Ok(_), Answer::Refusal(reason)) => Some(format!("upstream refuses: {reason}")),
        (Err(reasons), Answer::Output(_)) => Some(format!("refused: {reasons}")),
        (Err(_), Answer::Refusal(_)) => None,
        (_, Answer::Crash) => Some("upstream crashes".to_owned()),
    }
}
