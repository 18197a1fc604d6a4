//! The fields `helmCharts`, `helmGlobals` and, deprecated, `helmChartInflationGenerator`.

use serde_json::{Map, Value};
use towpath_yaml::{Fields, Node};

use super::Read;
use crate::chart::{Chart, ValuesMerge};
use crate::kustomization::At;

/// What all charts of a kustomization have in common.
#[derive(Default)]
struct Globals {
    chart_home: String,
    config_home: String,
}

impl Read<'_> {
    /// All charts: those of the deprecated field come last (upstream's `SplitHelmParameters`).
    pub(super) fn charts(&mut self, f: &mut Fields<'_>) -> Vec<At<Chart>> {
        let given = f.take("helmGlobals").map(|node| {
            let mut fields = self.reader.fields_of_any_case(node, "`helmGlobals`");
            let globals = self.globals(&mut fields);
            self.reader.finish(fields);
            globals
        });
        let mut charts = self.list_at(f, "helmCharts", Self::helm_chart);
        let old = self.list_at(f, "helmChartInflationGenerator", Self::old_chart);
        let mut globals = Globals::default();
        for At { value, at } in old {
            let (chart, own) = value;
            charts.push(At { value: chart, at });
            set(&mut globals.chart_home, own.chart_home);
            set(&mut globals.config_home, own.config_home);
        }
        let globals = given.unwrap_or(globals);
        for chart in &mut charts {
            chart.value.chart_home.clone_from(&globals.chart_home);
            chart.value.config_home.clone_from(&globals.config_home);
        }
        charts
    }

    /// A plugin file of kind `HelmChartInflationGenerator`, which holds its globals itself.
    pub(super) fn chart_plugin(&mut self, f: &mut Fields<'_>, root: &Node) -> Chart {
        let Globals {
            chart_home,
            config_home,
        } = self.globals(f);
        Chart {
            chart_home,
            config_home,
            ..self.chart_fields(f, root)
        }
    }

    fn globals(&mut self, f: &mut Fields<'_>) -> Globals {
        Globals {
            chart_home: self.string(f, "chartHome"),
            config_home: self.string(f, "configHome"),
        }
    }

    fn helm_chart(&mut self, node: &Node) -> Chart {
        let mut fields = self.reader.fields_of_any_case(node, "the chart");
        let chart = self.chart_fields(&mut fields, node);
        self.reader.finish(fields);
        chart
    }

    fn chart_fields(&mut self, f: &mut Fields<'_>, node: &Node) -> Chart {
        Chart {
            name: self.chart_name(f, "name", node),
            version: self.string(f, "version"),
            repo: self.string(f, "repo"),
            release_name: self.string(f, "releaseName"),
            namespace: self.string(f, "namespace"),
            additional_values_files: self.strings(f, "additionalValuesFiles"),
            values_file: self.string(f, "valuesFile"),
            values_inline: self.values(f, "valuesInline"),
            values_merge: self.values_merge(f),
            include_crds: self.boolean(f, "includeCRDs"),
            skip_hooks: self.boolean(f, "skipHooks"),
            skip_tests: self.boolean(f, "skipTests"),
            api_versions: self.strings(f, "apiVersions"),
            kube_version: self.string(f, "kubeVersion"),
            name_template: self.string(f, "nameTemplate"),
            debug: self.boolean(f, "debug"),
            devel: self.boolean(f, "devel"),
            ..Chart::default()
        }
    }

    /// Upstream reads some of its fields and forgets them.
    fn old_chart(&mut self, node: &Node) -> (Chart, Globals) {
        let what = "the chart of `helmChartInflationGenerator`";
        let mut fields = self.reader.fields_of_any_case(node, what);
        let f = &mut fields;
        let chart = Chart {
            name: self.chart_name(f, "chartName", node),
            version: self.string(f, "chartVersion"),
            repo: self.string(f, "chartRepoUrl"),
            release_name: self.string(f, "releaseName"),
            values_file: self.string(f, "values"),
            values_inline: self.values(f, "valuesLocal"),
            values_merge: self.values_merge(f),
            ..Chart::default()
        };
        let globals = Globals {
            chart_home: self.string(f, "chartHome"),
            config_home: self.string(f, "helmHome"),
        };
        for ignored in ["chartRepoName", "helmBin", "releaseNamespace"] {
            self.string(f, ignored);
        }
        self.strings(f, "extraArgs");
        self.reader.finish(fields);
        (chart, globals)
    }

    fn chart_name(&mut self, f: &mut Fields<'_>, key: &'static str, node: &Node) -> String {
        let name = self.string(f, key);
        if name.is_empty() {
            self.reader.problem(node, "chart name cannot be empty");
        }
        name
    }

    fn values(&mut self, f: &mut Fields<'_>, key: &'static str) -> Map<String, Value> {
        let Some(node) = f.take(key) else {
            return Map::new();
        };
        match node.to_json() {
            Value::Object(values) => values,
            _ => {
                self.reader.wrong_kind(node, key, "a mapping");
                Map::new()
            }
        }
    }

    fn values_merge(&mut self, f: &mut Fields<'_>) -> ValuesMerge {
        let Some(node) = f.take("valuesMerge") else {
            return ValuesMerge::default();
        };
        match self.reader.string(node, "valuesMerge").unwrap_or_default() {
            "" | "override" => ValuesMerge::Override,
            "merge" => ValuesMerge::Merge,
            "replace" => ValuesMerge::Replace,
            _ => {
                let message = "`valuesMerge` must be one of `merge`, `override` or `replace`";
                self.reader.problem(node, message);
                ValuesMerge::default()
            }
        }
    }
}

fn set(place: &mut String, given: String) {
    if !given.is_empty() {
        *place = given;
    }
}
