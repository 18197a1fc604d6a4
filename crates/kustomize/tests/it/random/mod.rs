//! Random kustomizations, built by us and by upstream.

mod judge;
mod kustomizations;
mod objects;
mod patches;
mod text;

use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::sync::Mutex;

use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::Value;
use towpath_kustomize::{FileTree, Options, build};

use crate::case::difference;
use judge::{Answer, Judge};

/// Unless `PROPTEST_CASES` asks for more.
const CASES: u32 = 1000;

/// The files of a tree, by path. The folder `overlay` is the one to build.
type Files = BTreeMap<String, String>;

#[test]
fn random_kustomizations_are_built_as_upstream_builds_them() {
    let Some(program) = towpath_testkit::require("kustomize-judge") else {
        return;
    };
    let judge = Mutex::new(Judge::start(&program));
    let mut config = Config::with_cases(Config::default().cases.max(CASES));
    config.failure_persistence = None;
    config.max_shrink_iters = 4096;
    let outcome = TestRunner::new(config).run(&kustomizations::tree(), |tree| {
        let files = text::files(&tree);
        let answer = judge.lock().expect("one thread").ask(&files);
        match differs(&files, &answer) {
            None => Ok(()),
            Some(difference) => Err(TestCaseError::fail(shown(&files, &difference))),
        }
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn differs(files: &Files, answer: &Answer) -> Option<String> {
    let mut tree = FileTree::default();
    for (path, text) in files {
        tree.insert(path, text.clone().into_bytes());
    }
    let Ok(built) = catch_unwind(|| build(&tree, "overlay", &Options::default())) else {
        return Some("ours panics".to_owned());
    };
    match (built, answer) {
        (Ok(built), Answer::Output(expected)) => difference(&built.yaml, expected),
        (Ok(_), Answer::Refusal(reason)) => Some(format!("upstream refuses: {reason}")),
        (Err(diagnostics), Answer::Output(_)) => Some(format!("refused: {diagnostics}")),
        (Err(_), Answer::Refusal(_)) => None,
    }
}

fn shown(files: &Files, difference: &str) -> String {
    let files: Vec<String> = files
        .iter()
        .map(|(path, text)| format!("--- {path}\n{text}"))
        .collect();
    format!("{difference}\n{}", files.concat())
}

/// Folders of objects and kustomizations; `text::files` writes them down.
type Tree = BTreeMap<String, Vec<Value>>;
