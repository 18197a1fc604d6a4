//! Arrows between crates go downwards only, never within a layer (ARCHITECTURE.md).

use std::collections::BTreeMap;
use std::process::Command;

/// Layer of every crate of the product. A new crate is entered here, with its place in ARCHITECTURE.md.
const LAYERS: [(&str, u8); 16] = [
    ("towpath-model", 0),
    ("towpath-yaml", 0),
    ("towpath-archive", 0),
    ("towpath-kustomize", 1),
    ("towpath-store", 1),
    ("towpath-sandbox", 1),
    ("towpath-remote", 2),
    ("towpath-git", 2),
    ("towpath-forge", 2),
    ("towpath-oci", 2),
    ("towpath-dockerfile", 3),
    ("towpath-cluster", 3),
    ("towpath-runner", 4),
    ("towpath-pipeline", 5),
    ("towpath-web", 6),
    ("towpath", 7),
];

/// The nouns that everybody speaks, also within layer 0.
const NOUNS: &str = "towpath-model";

/// Crates that stand outside the product and may use any of it.
const OUTSIDE: [&str; 2] = ["towpath-testkit", "xtask"];

struct Arrow {
    from: String,
    to: String,
    /// `dev` for tests, `build` for build scripts, none for the product.
    kind: Option<String>,
}

#[test]
fn arrows_go_down() {
    let layers = BTreeMap::from(LAYERS);
    let wrong: Vec<String> = arrows()
        .iter()
        .filter(|arrow| !OUTSIDE.contains(&arrow.from.as_str()))
        .filter(|arrow| !goes_down(arrow, &layers))
        .map(|arrow| format!("{} -> {}", arrow.from, arrow.to))
        .collect();
    assert!(wrong.is_empty(), "arrows that do not go down: {wrong:#?}");
}

#[test]
fn every_crate_has_a_layer() {
    let known: Vec<&str> = LAYERS
        .iter()
        .map(|(name, _)| *name)
        .chain(OUTSIDE)
        .collect();
    let unknown: Vec<String> = packages()
        .into_keys()
        .filter(|name| !known.contains(&name.as_str()))
        .collect();
    assert!(unknown.is_empty(), "crates without a layer: {unknown:?}");
}

fn goes_down(arrow: &Arrow, layers: &BTreeMap<&str, u8>) -> bool {
    if OUTSIDE.contains(&arrow.to.as_str()) {
        return arrow.kind.as_deref() == Some("dev");
    }
    let layer = |name: &String| layers.get(name.as_str());
    arrow.to == NOUNS || layer(&arrow.to) < layer(&arrow.from)
}

/// Arrows between packages of the workspace.
fn arrows() -> Vec<Arrow> {
    let packages = packages();
    let mut arrows = Vec::new();
    for (from, package) in &packages {
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().unwrap_or_default().to_owned();
            if packages.contains_key(&to) {
                arrows.push(Arrow {
                    from: from.clone(),
                    to,
                    kind: dependency["kind"].as_str().map(str::to_owned),
                });
            }
        }
    }
    assert!(arrows.len() > 10, "cargo metadata names hardly any arrows");
    arrows
}

fn packages() -> BTreeMap<String, serde_json::Value> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "cargo metadata: {output:?}");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|package| {
            let name = package["name"].as_str().unwrap_or_default().to_owned();
            (name, package.clone())
        })
        .collect()
}
