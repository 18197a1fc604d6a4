//! `helmChartInflationGenerator` becomes `helmCharts` and `helmGlobals` (upstream's `SplitHelmParameters`).

use anyhow::Result;
use serde_json::{Map, Value};
use towpath_yaml::Node;
use towpath_yaml::edit::File;

const OLD: &str = "helmChartInflationGenerator";

/// The fields of a chart that go on, as they are called today, by that name.
const CHART: [(&str, &str); 7] = [
    ("chartName", "name"),
    ("releaseName", "releaseName"),
    ("chartRepoUrl", "repo"),
    ("values", "valuesFile"),
    ("valuesLocal", "valuesInline"),
    ("valuesMerge", "valuesMerge"),
    ("chartVersion", "version"),
];

/// Those that all charts have in common today.
const GLOBALS: [(&str, &str); 2] = [("chartHome", "chartHome"), ("helmHome", "configHome")];

/// Those that kustomize reads and does not use.
const UNUSED: [&str; 4] = ["chartRepoName", "extraArgs", "helmBin", "releaseNamespace"];

pub(super) fn fix(file: &mut File) -> Result<()> {
    let charts = file
        .root()
        .get(OLD)
        .map(Node::items)
        .unwrap_or_default()
        .to_vec();
    for chart in &charts {
        warn_of_unused(chart);
        file.push(&["helmCharts"], &renamed(chart, &CHART).into())?;
    }
    let globals = Map::from_iter(charts.iter().flat_map(|chart| renamed(chart, &GLOBALS)));
    let has_globals = file
        .root()
        .get("helmGlobals")
        .is_some_and(|node| !node.is_null());
    if !globals.is_empty() && !has_globals {
        file.set(&[], "helmGlobals", &sorted(globals.into()))?;
    }
    Ok(file.remove(&[], OLD)?)
}

/// What is empty is left out.
fn renamed(chart: &Node, names: &[(&str, &str)]) -> Map<String, Value> {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    let fields = names.iter().filter_map(|(old, new)| {
        let value = chart.get(old)?.to_json();
        (!is_empty(&value)).then(|| ((*new).to_owned(), sorted(value)))
    });
    fields.collect()
}

fn sorted(mut value: Value) -> Value {
    value.sort_all_objects();
    value
}

fn warn_of_unused(chart: &Node) {
    for name in UNUSED.into_iter().filter(|name| chart.get(name).is_some()) {
        eprintln!("warning: `{name}` of a chart means nothing to kustomize, and is left out");
    }
}
