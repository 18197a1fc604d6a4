//! What upstream passes over without a word is built the same, and told.

use towpath_kustomize::{FileTree, Options, build};

#[track_caller]
fn check(files: &[(&str, &str)], expect: &[&str]) {
    let mut tree = FileTree::default();
    for (path, text) in files {
        assert!(tree.insert(path, text.as_bytes().to_vec()));
    }
    let built = build(&tree, "", &Options::default()).expect("it builds");
    let warnings: Vec<String> = built.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, expect);
}

#[test]
fn keys_that_stand_twice() {
    let text = "namePrefix: a-\nconfigMapGenerator:\n- {name: c, literals: [a=1], literals: [b=2]}\nnamePrefix: b-\n";
    check(
        &[("kustomization.yaml", text)],
        &[
            "kustomization.yaml:3:30: key `literals` appears twice in this mapping; the last one counts",
            "kustomization.yaml:4:1: key `namePrefix` appears twice in this mapping; the last one counts",
        ],
    );
}

#[test]
fn keys_that_a_plugin_does_not_know() {
    let plugin =
        "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: team}\nlabel: {a: b}\n";
    check(
        &[
            ("kustomization.yaml", "transformers: [team.yaml]\n"),
            ("team.yaml", plugin),
        ],
        &[
            "team.yaml:1:1: plugin `team`: unknown key `label` in the plugin; it changes nothing; did you mean `labels`?",
        ],
    );
}
