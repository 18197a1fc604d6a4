#![no_main]
//! No tree of files makes the build panic, hang or give what it cannot read again. `=== path` starts a file.

use libfuzzer_sys::fuzz_target;
use towpath_kustomize::{FileTree, Options, build};

fuzz_target!(|text: &str| {
    let mut tree = FileTree::default();
    for file in text.split("=== ").skip(1) {
        let (path, content) = file.split_once('\n').unwrap_or((file, ""));
        tree.insert(path, content.as_bytes().to_vec());
    }
    match build(&tree, "", &Options::default()) {
        Ok(built) => {
            towpath_yaml::parse("built.yaml", &built.yaml).expect("what is built parses");
        }
        Err(diagnostics) => assert!(!diagnostics.0.is_empty()),
    }
});
