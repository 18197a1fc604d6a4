//! One folder of the corpus.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use serde_json::Value;
use towpath_kustomize::{FileTree, LoadRestrictor, Options, Reorder, build};

pub(crate) struct Case {
    pub(crate) name: String,
    folder: PathBuf,
}

/// All cases, by name.
pub(crate) fn all() -> Vec<Case> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut cases: Vec<Case> = entries(&corpus)
        .into_iter()
        .map(|folder| Case {
            name: name_of(&folder),
            folder,
        })
        .collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

impl Case {
    /// How our build differs from upstream's, if it does.
    pub(crate) fn difference(&self) -> Option<String> {
        let (tree, folder, options) = self.request();
        let Ok(built) = catch_unwind(|| build(&tree, &folder, &options)) else {
            return Some("it panics".to_owned());
        };
        match (built, self.expected()) {
            (Ok(built), Some(expected)) => difference(&built.yaml, &expected),
            (Ok(_), None) => Some(format!("upstream refuses: {}", self.refusal())),
            (Err(diagnostics), Some(_)) => Some(format!("refused: {diagnostics}")),
            (Err(_), None) => None,
        }
    }

    fn request(&self) -> (FileTree, String, Options) {
        let mut tree = FileTree::default();
        read(&self.folder.join("input"), "", &mut tree);
        let given = fs::read(self.folder.join("options.json")).ok();
        let given: Value = given.map_or(Value::Null, |text| {
            serde_json::from_slice(&text).expect("options.json is JSON")
        });
        let folder = given["path"].as_str().unwrap_or_default().to_owned();
        (tree, folder, options(&given))
    }

    fn expected(&self) -> Option<String> {
        fs::read_to_string(self.folder.join("expected.yaml")).ok()
    }

    fn refusal(&self) -> String {
        fs::read_to_string(self.folder.join("expected-error.txt")).expect("an expectation")
    }
}

pub(crate) fn options(given: &Value) -> Options {
    let mut options = Options::default();
    if given["load_restrictor"] == "none" {
        options.load_restrictor = LoadRestrictor::None;
    }
    if given["reorder"] == "none" {
        options.reorder = Reorder::None;
    }
    options
}

fn read(folder: &Path, prefix: &str, tree: &mut FileTree) {
    for path in entries(folder) {
        let name = format!("{prefix}{}", name_of(&path));
        if path.is_dir() {
            read(&path, &format!("{name}/"), tree);
        } else {
            assert!(tree.insert(&name, fs::read(&path).expect("a readable file")));
        }
    }
}

/// The first line where the two differ.
pub(crate) fn difference(ours: &str, theirs: &str) -> Option<String> {
    if ours == theirs {
        return None;
    }
    let (mut ours_left, mut theirs_left) = (ours.lines(), theirs.lines());
    for line in 1.. {
        let (our, their) = (ours_left.next(), theirs_left.next());
        if our != their {
            return Some(format!("line {line}: ours {our:?}, upstream's {their:?}"));
        }
        if our.is_none() {
            break;
        }
    }
    Some("they differ in line ends only".to_owned())
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the corpus");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().expect("a name");
    name.to_str().expect("a plain name").to_owned()
}
