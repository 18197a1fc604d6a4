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
use serde_json::{Value, json};
use towpath_kustomize::{FileTree, Options, build};

use crate::case::difference;
use judge::{Answer, Judge};

/// Unless `PROPTEST_CASES` asks for more.
const CASES: u32 = 1000;

/// The files of a tree, by path. The folder `overlay` is the one to build.
type Files = BTreeMap<String, Vec<u8>>;

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

/// Upstream keeps a schema as long as its process lives.
#[test]
fn what_the_judge_was_asked_before_changes_no_answer() {
    let Some(program) = towpath_testkit::require("kustomize-judge") else {
        return;
    };
    let asked = [
        "",
        "openapi: {path: schema.json}\n",
        "",
        "openapi: {path: schema.yaml}\n",
    ];
    let asked: Vec<Files> = asked.into_iter().map(boat_with).collect();
    let alone = asked.iter().map(|files| Judge::start(&program).ask(files));
    let alone: Vec<Answer> = alone.collect();
    assert_ne!(alone[0], alone[1]);
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 1], [2, 1, 3, 2]] {
        let mut judge = Judge::start(&program);
        for index in order {
            assert_eq!(judge.ask(&asked[index]), alone[index], "{order:?}");
        }
    }
}

/// A patch of a list, of which only the schema knows how it is merged.
fn boat_with(openapi: &str) -> Files {
    let boat = |gate: &str| {
        let spec = json!({ "locks": [{ "name": gate, "gates": 2 }] });
        json!({ "apiVersion": "example.com/v1", "kind": "Boat", "metadata": { "name": "narrow" }, "spec": spec })
    };
    let patch = towpath_yaml::to_yaml(&boat("second"));
    let kustomization = json!({ "resources": ["objects.yaml"], "namespace": "ns", "patches": [{ "patch": patch }] });
    let folders = BTreeMap::from([("overlay".to_owned(), vec![kustomization, boat("first")])]);
    let mut files = text::files(&Tree {
        folders,
        bytes: Vec::new(),
        in_brackets: false,
    });
    let text = files
        .get_mut("overlay/kustomization.yaml")
        .expect("it is there");
    text.extend_from_slice(openapi.as_bytes());
    files
}

fn differs(files: &Files, answer: &Answer) -> Option<String> {
    let mut tree = FileTree::default();
    for (path, bytes) in files {
        tree.insert(path, bytes.clone());
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

/// The files that kustomizations name.
fn shown(files: &Files, difference: &str) -> String {
    let is_named = |path: &str| {
        let (folder, name) = path.rsplit_once('/').unwrap_or_default();
        let kustomization = &files[&format!("{folder}/kustomization.yaml")];
        name == "kustomization.yaml" || String::from_utf8_lossy(kustomization).contains(name)
    };
    let files: Vec<String> = files
        .iter()
        .filter(|(path, _)| is_named(path))
        .map(|(path, bytes)| match std::str::from_utf8(bytes) {
            Ok(text) => format!("--- {path}\n{text}"),
            Err(_) => format!("--- {path}\n{bytes:?}\n"),
        })
        .collect();
    format!("{difference}\n{}", files.concat())
}

/// `text::files` writes it down.
#[derive(Clone, Debug)]
struct Tree {
    /// Each a kustomization and its objects.
    folders: BTreeMap<String, Vec<Value>>,
    /// Of the file `data.bin` in each of them.
    bytes: Vec<u8>,
    /// Whether objects are written as JSON is.
    in_brackets: bool,
}
