//! Texts of YAML with anchors, aliases, merge keys, tags and keys of all kinds, and replacements into them from
//! objects that are written in all styles.

mod paths;
mod pieces;
mod writing;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Files, built, compared, shown};
use paths::path_in;
use pieces::{Content, Piece, root, value};
use writing::{in_block, on_one_line};

#[test]
fn replacements_into_random_texts_are_made_as_upstream_makes_them() {
    let Some(shares) = compared(kustomization(), built, shown) else {
        return;
    };
    assert!(
        2 * shares.built > shares.refused + shares.documented(),
        "texts that nobody writes prove little: {shares:?}"
    );
}

fn kustomization() -> impl Strategy<Value = Files> {
    let replacement = (source(), any::<[u8; 12]>(), any::<bool>(), 0..8_u8);
    let replacements = prop::collection::vec(replacement, 1..3);
    let texts = (root(), value(), prop::bool::weighted(0.15));
    let changes = (any::<bool>(), 0..12_u8);
    (texts, replacements, changes).prop_map(|((text, spec, on_one), replacements, changes)| {
        let is_alone = replacements.len() == 1;
        let made: Vec<Value> = replacements
            .into_iter()
            .map(|(source, choices, create, index)| {
                let target = match path_in(&text, &choices[6..], false) {
                    path if path.is_empty() && matches!(text.content, Content::List(..)) => {
                        "*".to_owned()
                    }
                    path if path.is_empty() => "a".to_owned(),
                    path => path,
                };
                let mut made = source.replacement(&spec, &choices[..6]);
                made["targets"] = json!([{
                    "select": {"name": "app"},
                    "fieldPaths": [format!("data.conf.{target}")],
                    "options": {"create": create},
                }]);
                if index == 0 && !is_alone {
                    made["targets"][0]["fieldPaths"]
                        .as_array_mut()
                        .expect("a list")
                        .push(json!(format!("data.conf.{target}")));
                }
                made
            })
            .collect();
        let written = match on_one {
            true => on_one_line(&text),
            false => in_block(&text),
        };
        files(&written, &spec, made, changes)
    })
}

#[derive(Clone, Debug)]
enum Source {
    Text(String),
    Spec,
    Name,
    Generated,
    Part,
}

impl Source {
    fn replacement(&self, spec: &Piece, choices: &[u8]) -> Value {
        let field = || match path_in(spec, choices, true) {
            path if path.is_empty() => "spec".to_owned(),
            path => format!("spec.{path}"),
        };
        match self {
            Source::Text(text) => json!({ "sourceValue": text }),
            Source::Spec => json!({"source": {"kind": "Source", "fieldPath": field()}}),
            Source::Name => json!({"source": {"kind": "Source"}}),
            Source::Generated => {
                json!({"source": {"name": "made", "fieldPath": "data.word"}})
            }
            Source::Part => json!({"source": {
                "kind": "Source",
                "fieldPath": "parts",
                "options": {"delimiter": ":", "index": choices[0] % 3},
            }}),
        }
    }
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        2 => prop::sample::select(vec!["new", "8080", "true", "", "a: b", "x\ny", "on", "null", "<<", "1.5", "- x"])
            .prop_map(|text| Source::Text(text.to_owned())),
        5 => Just(Source::Spec),
        1 => Just(Source::Name),
        1 => Just(Source::Generated),
        1 => Just(Source::Part),
    ]
}

fn files(text: &str, spec: &Piece, replacements: Vec<Value>, changes: (bool, u8)) -> Files {
    let (has_prefix, patched) = changes;
    let config = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": {"conf": text},
    });
    let source = format!(
        "apiVersion: example.com/v1\nkind: Source\nmetadata: {{name: src}}\nparts: '1:b:on'\n{}\n",
        writing::entry("spec", spec)
    );
    let patch = match patched {
        0 => Some("- {op: add, path: /metadata/annotations, value: {a: b}}\n"),
        1 if matches!(spec.content, Content::Mapping(..)) => Some(
            "kind: Source\napiVersion: example.com/v1\nmetadata: {name: src}\nspec: {a: \"new\", z: {y: [x]}}\n",
        ),
        2 => Some(
            "kind: Source\napiVersion: example.com/v1\nmetadata: {name: src, labels: {a: b}}\n",
        ),
        _ => None,
    };
    let mut kustomization = json!({
        "resources": ["app.yaml", "source.yaml"],
        "configMapGenerator": [{
            "name": "made",
            "literals": ["word=blue"],
            "options": {"disableNameSuffixHash": true},
        }],
        "replacements": replacements,
    });
    if let Some(patch) = patch {
        kustomization["patches"] = json!([{"target": {"kind": "Source"}, "patch": patch}]);
    }
    if has_prefix && patched > 8 {
        kustomization["namePrefix"] = json!("p-");
    }
    let texts = [
        ("app.yaml", towpath_yaml::to_yaml(&config)),
        ("source.yaml", source),
        ("kustomization.yaml", towpath_yaml::to_yaml(&kustomization)),
    ];
    let named = texts.map(|(name, text)| (format!("overlay/{name}"), text.into_bytes()));
    named.into_iter().collect()
}
