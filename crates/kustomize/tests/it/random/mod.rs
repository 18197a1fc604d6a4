//! Random kustomizations, built by us and by upstream.

mod comments;
mod elements;
mod generators;
pub(crate) mod judge;
mod kustomizations;
mod objects;
mod patches;
mod plugins;
mod replacements;
mod structured;
mod styled;
mod text;
mod texts;
mod trees;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::catch_unwind;
use std::sync::Mutex;

use proptest::strategy::Strategy;
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
    let trees = trees::tree().prop_map(|tree| text::files(&tree));
    let Some(shares) = compared(trees, built, shown) else {
        return;
    };
    assert!(
        shares.built * 10 > 7 * (shares.built + shares.refused + shares.documented()),
        "trees that nobody builds prove little: {shares:?}"
    );
}

/// Asks for each of what is drawn what `judged` makes of it, and tells what differs. None without the judge.
fn compared<T: Debug>(
    drawn: impl Strategy<Value = T>,
    judged: impl Fn(&mut Judge, &T) -> Comparison,
    shown: impl Fn(&T, &str) -> String,
) -> Option<Shares> {
    let program = towpath_testkit::require("kustomize-judge")?;
    let judge = Mutex::new(Judge::start(&program));
    let shares = Mutex::new(Shares::default());
    let mut config = Config::with_cases(Config::default().cases.max(CASES));
    config.failure_persistence = None;
    config.max_shrink_iters = 4096;
    let outcome = TestRunner::new(config).run(&drawn, |case| {
        let comparison = judged(&mut judge.lock().expect("one thread"), &case);
        shares.lock().expect("one thread").count(&comparison);
        match comparison {
            Comparison::Differ(difference) => Err(TestCaseError::fail(shown(&case, &difference))),
            _ => Ok(()),
        }
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let shares = shares.into_inner().expect("no thread left");
    shares.show();
    Some(shares)
}

/// Builds a tree here and there.
fn built(judge: &mut Judge, files: &Files) -> Comparison {
    let answer = judge.ask(files);
    compare(files, &answer)
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
        styles: Vec::new(),
    });
    let text = files
        .get_mut("overlay/kustomization.yaml")
        .expect("it is there");
    text.extend_from_slice(openapi.as_bytes());
    files
}

/// What became of all trees.
#[derive(Debug, Default)]
struct Shares {
    built: u32,
    refused: u32,
    /// By the reason.
    documented: BTreeMap<&'static str, u32>,
    crashed: u32,
}

impl Shares {
    #[expect(
        clippy::print_stdout,
        reason = "with `--nocapture` somebody asks for it"
    )]
    fn show(&self) {
        println!("{self:?}");
    }

    fn documented(&self) -> u32 {
        self.documented.values().sum()
    }

    fn count(&mut self, comparison: &Comparison) {
        match comparison {
            Comparison::BothBuild => self.built += 1,
            Comparison::BothRefuse => self.refused += 1,
            Comparison::Documented(reason) => *self.documented.entry(reason).or_default() += 1,
            Comparison::Crash => self.crashed += 1,
            Comparison::Differ(_) => {}
        }
    }
}

enum Comparison {
    BothBuild,
    BothRefuse,
    /// Refused by us alone, as docs/compatibility.md has it.
    Documented(&'static str),
    Differ(String),
    /// Upstream's, in the few cases that are still drawn.
    Crash,
}

fn compare(files: &Files, answer: &Answer) -> Comparison {
    let mut tree = FileTree::default();
    for (path, bytes) in files {
        tree.insert(path, bytes.clone());
    }
    let Ok(built) = catch_unwind(|| build(&tree, "overlay", &Options::default())) else {
        return Comparison::Differ("ours panics".to_owned());
    };
    match (built, answer) {
        (Ok(built), Answer::Output(expected)) => match difference(&built.yaml, expected) {
            None => Comparison::BothBuild,
            Some(difference) => Comparison::Differ(difference),
        },
        (Ok(_), Answer::Refusal(reason)) => {
            Comparison::Differ(format!("upstream refuses: {reason}"))
        }
        (Err(diagnostics), Answer::Output(_)) => {
            let reason = diagnostics.to_string();
            match DOCUMENTED.into_iter().find(|own| reason.contains(own)) {
                Some(documented) => Comparison::Documented(documented),
                None => Comparison::Differ(format!("refused: {reason}")),
            }
        }
        (Err(_), Answer::Refusal(_)) => Comparison::BothRefuse,
        (_, Answer::Crash) => Comparison::Crash,
    }
}

/// The refusals of ours that the table of differences in docs/compatibility.md names.
const DOCUMENTED: [&str; 5] = [
    // A tag that does not fit its text.
    ": cannot read !!",
    // A text in the place of a number or a null.
    "cannot replace a field within YAML: ",
    // Within a text that is YAML or JSON: what would make it unreadable, or would be lost.
    "what a replacement makes of a text of JSON: ",
    ": an alias needs it, in ",
    "through a null or a scalar, where nothing is kept, in ",
];

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
    /// How they are written otherwise.
    styles: Vec<u8>,
}
