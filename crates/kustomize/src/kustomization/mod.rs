//! The file `kustomization.yaml` as a type.

mod read;

use std::collections::BTreeMap;

use towpath_model::{Diagnostic, Location};

use crate::chart::Chart;
use crate::fieldspec::FieldSpec;
use crate::replacement::ReplacementField;
use crate::selector::Selector;
use crate::vars::Var;

pub(crate) use read::{
    IamPolicy, NamespacePlugin, Plugin, ValueTarget, plugin, read, replacements, value_targets,
};

/// Something of a file and where it stands there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) at: Location,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Kustomization,
    Component,
}

/// A Kustomization or a Component, deprecated fields already moved to where they belong today (upstream's
/// `FixKustomization`), patches excepted: their order differs.
#[derive(Clone, Debug)]
pub(crate) struct Kustomization {
    pub(crate) file: String,
    /// Where its keys stand.
    keys: BTreeMap<String, Location>,
    /// Keys that a later one of the same name stands for.
    repeated: Vec<Diagnostic>,
    pub(crate) kind: Kind,
    pub(crate) openapi: Option<At<OpenApi>>,
    pub(crate) name_prefix: String,
    pub(crate) name_suffix: String,
    pub(crate) namespace: String,
    pub(crate) common_labels: BTreeMap<String, String>,
    pub(crate) labels: Vec<LabelSet>,
    pub(crate) common_annotations: BTreeMap<String, String>,
    pub(crate) patches_strategic_merge: Vec<At<String>>,
    pub(crate) patches_json6902: Vec<At<Patch>>,
    pub(crate) patches: Vec<At<Patch>>,
    pub(crate) images: Vec<Image>,
    pub(crate) replacements: Vec<At<ReplacementField>>,
    pub(crate) replicas: Vec<At<Replica>>,
    pub(crate) vars: Vec<At<Var>>,
    pub(crate) sort: Option<SortOptions>,
    pub(crate) resources: Vec<At<String>>,
    pub(crate) components: Vec<At<String>>,
    pub(crate) crds: Vec<At<String>>,
    pub(crate) config_maps: Vec<At<GeneratorArgs>>,
    pub(crate) secrets: Vec<At<SecretArgs>>,
    pub(crate) charts: Vec<At<Chart>>,
    pub(crate) generator_options: GeneratorOptions,
    pub(crate) configurations: Vec<At<String>>,
    pub(crate) generators: Vec<At<String>>,
    pub(crate) transformers: Vec<At<String>>,
    pub(crate) validators: Vec<At<String>>,
    pub(crate) metadata: BuildMetadata,
}

/// Deprecated fields, and those that have replaced them.
const DEPRECATED: [(&str, &str); 7] = [
    ("bases", "resources"),
    ("commonLabels", "labels"),
    ("helmChartInflationGenerator", "helmCharts"),
    ("imageTags", "images"),
    ("patchesJson6902", "patches"),
    ("patchesStrategicMerge", "patches"),
    ("vars", "replacements"),
];

impl Kustomization {
    /// Its deprecated fields, and its keys that do not count.
    pub(crate) fn warnings(&self) -> Vec<Diagnostic> {
        let used = DEPRECATED.iter().filter_map(|(old, new)| {
            let at = self.keys.get(&old.to_ascii_lowercase())?;
            let warning = Diagnostic::new(at.clone(), format!("`{old}` is deprecated"));
            Some(warning.help(format!("use `{new}` instead")))
        });
        used.chain(self.repeated.iter().cloned()).collect()
    }

    /// Where a field stands, else the start of the file.
    pub(crate) fn at(&self, field: &str) -> Location {
        let known = self.keys.get(&field.to_ascii_lowercase()).cloned();
        known.unwrap_or_else(|| Location {
            file: self.file.clone(),
            line: 1,
            column: 1,
        })
    }
}

/// The schema that says how lists merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OpenApi {
    /// A file.
    Path(String),
    /// That of this release.
    Builtin,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LabelSet {
    pub(crate) pairs: BTreeMap<String, String>,
    pub(crate) include_selectors: bool,
    pub(crate) include_templates: bool,
    pub(crate) fields: Vec<FieldSpec>,
}

/// Of `patches` and `patchesJson6902`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Patch {
    pub(crate) path: String,
    /// The patch itself.
    pub(crate) inline: String,
    pub(crate) target: Option<Selector>,
    pub(crate) allow_name_change: bool,
    pub(crate) allow_kind_change: bool,
}

/// An empty field changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) name: String,
    pub(crate) new_name: String,
    pub(crate) tag_suffix: String,
    pub(crate) new_tag: String,
    pub(crate) digest: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replica {
    pub(crate) name: String,
    pub(crate) count: i64,
}

/// Of a ConfigMap or a Secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct GeneratorArgs {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) behavior: String,
    pub(crate) literals: Vec<String>,
    pub(crate) files: Vec<String>,
    pub(crate) envs: Vec<String>,
    pub(crate) options: GeneratorOptions,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SecretArgs {
    pub(crate) args: GeneratorArgs,
    pub(crate) secret_type: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct GeneratorOptions {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) disable_name_suffix_hash: bool,
    pub(crate) immutable: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SortOptions {
    Fifo,
    /// None where upstream's own orders are meant.
    Legacy(Option<LegacyOrder>),
}

/// Kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LegacyOrder {
    pub(crate) first: Vec<String>,
    pub(crate) last: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BuildMetadata {
    /// Whether there is any: also an unknown one turns the tracking of origins on.
    pub(crate) any: bool,
    pub(crate) origin_annotations: bool,
    pub(crate) transformer_annotations: bool,
    pub(crate) managed_by_label: bool,
}
