//! Answers the judge's requests, one JSON line a build, so that any two of them can be compared.
//!
//! Request: `{"files": {"kustomization.yaml": "..."}, "path": "overlay", "reorder": "none"}`; answer:
//! `{"output": "..."}` or `{"error": "..."}`. With `change` in the place of `files`, these are put into the tree of
//! the request before, of which everything else stays.

use std::io::{self, BufRead, Write};

use serde_json::{Value, json};
use towpath_kustomize::{FileTree, LoadRestrictor, Options, Reorder, build};

fn main() -> io::Result<()> {
    let mut answers = io::stdout().lock();
    let mut tree = FileTree::default();
    for line in io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        if request["change"].is_null() {
            tree = FileTree::default();
            tree.keep_parsed();
        }
        insert(&mut tree, &request["files"]);
        insert(&mut tree, &request["change"]);
        writeln!(answers, "{}", answer(&tree, &request))?;
    }
    Ok(())
}

fn insert(tree: &mut FileTree, files: &Value) {
    for (path, text) in files.as_object().into_iter().flatten() {
        tree.insert(path, text.as_str().unwrap_or_default().as_bytes().to_vec());
    }
}

fn answer(tree: &FileTree, request: &Value) -> Value {
    let folder = request["path"].as_str().unwrap_or_default();
    match build(tree, folder, &options(request)) {
        Ok(built) => json!({ "output": built.yaml }),
        Err(diagnostics) => json!({ "error": diagnostics.to_string() }),
    }
}

fn options(request: &Value) -> Options {
    let mut options = Options::default();
    if request["load_restrictor"] == "none" {
        options.load_restrictor = LoadRestrictor::None;
    }
    if request["reorder"] == "none" {
        options.reorder = Reorder::None;
    }
    options
}
