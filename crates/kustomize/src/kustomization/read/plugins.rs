//! Files of `generators` and `transformers`: upstream's builtin plugins as objects.

use std::collections::BTreeMap;

use towpath_model::{Diagnostic, Diagnostics};
use towpath_yaml::{Fields, Node, Reader, Resolution};

use super::{GeneratorArgs, Image, Patch, Read, ReplacementField, Replica, SecretArgs};
use crate::chart::Chart;
use crate::config::field_specs;
use crate::fieldspec::FieldSpec;
use crate::selector::Selector;
use crate::transform::names::Subjects;

/// A plugin by its kind, with what its file says.
#[derive(Debug)]
pub(crate) enum Plugin {
    ConfigMap(GeneratorArgs),
    Secret(SecretArgs),
    IamPolicy(IamPolicy),
    Chart(Box<Chart>),
    Annotations(BTreeMap<String, String>, Vec<FieldSpec>),
    Labels(BTreeMap<String, String>, Vec<FieldSpec>),
    Hash,
    Image(Image, Vec<FieldSpec>),
    Namespace(NamespacePlugin),
    Patch(Patch),
    Json6902(Patch),
    Strategic {
        paths: Vec<String>,
        patches: String,
    },
    Prefix(String, Vec<FieldSpec>),
    Suffix(String, Vec<FieldSpec>),
    PrefixSuffix {
        prefix: String,
        suffix: String,
        fields: Vec<FieldSpec>,
    },
    Replicas(Replica, Vec<FieldSpec>),
    Replacements(Vec<ReplacementField>),
    ValueAdd {
        value: String,
        targets: Vec<ValueTarget>,
        targets_path: String,
    },
}

/// An `IAMPolicyGenerator`, of which there is one for Google's cloud only.
#[derive(Debug, Default)]
pub(crate) struct IamPolicy {
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// Of the cloud.
    pub(crate) account: String,
    pub(crate) project: String,
}

#[derive(Debug, Default)]
pub(crate) struct NamespacePlugin {
    pub(crate) namespace: String,
    pub(crate) fields: Vec<FieldSpec>,
    pub(crate) subjects: Subjects,
    pub(crate) unset_only: bool,
}

/// Where a `ValueAddTransformer` puts its value.
#[derive(Clone, Debug)]
pub(crate) struct ValueTarget {
    pub(crate) selector: Option<Selector>,
    pub(crate) field_path: String,
    /// From 1; 0 replaces the whole text.
    pub(crate) position: i64,
}

/// Reads a plugin's file, with the keys in it that the plugin does not know: upstream passes over them.
///
/// # Errors
/// When there is no such plugin, or when a value is of the wrong type.
pub(crate) fn plugin(
    file: &str,
    text: &str,
) -> Result<(Option<Plugin>, Vec<Diagnostic>), Diagnostics> {
    let documents = towpath_yaml::parse_with(file, text, Resolution::GoYaml2)?;
    let mut reader = Reader::tolerant(file);
    let Some(document) = documents.first() else {
        return Ok((None, Vec::new()));
    };
    let plugin = Read {
        reader: &mut reader,
    }
    .plugin(&document.root);
    let unknown = reader.take_unknown();
    reader.into_result((plugin, unknown))
}

/// The targets in a file of their own.
///
/// # Errors
/// When the file holds anything else.
pub(crate) fn value_targets(file: &str, text: &str) -> Result<Vec<ValueTarget>, Diagnostics> {
    let documents = towpath_yaml::parse_with(file, text, Resolution::GoYaml2)?;
    let mut reader = Reader::new(file);
    let Some(document) = documents.first() else {
        return Ok(Vec::new());
    };
    let mut fields = reader.fields_of_any_case(&document.root, "the targets");
    let targets = Read {
        reader: &mut reader,
    }
    .list(&mut fields, "targets", Read::value_target);
    reader.finish(fields);
    reader.into_result(targets)
}

impl Read<'_> {
    fn plugin(&mut self, root: &Node) -> Option<Plugin> {
        let mut fields = self.reader.fields_of_any_case(root, "the plugin");
        let f = &mut fields;
        f.take("apiVersion");
        let kind = self.string(f, "kind");
        let metadata = f.take("metadata");
        let plugin = match kind.as_str() {
            "ConfigMapGenerator" => Plugin::ConfigMap(self.named_generator(f, metadata)),
            "SecretGenerator" => Plugin::Secret(SecretArgs {
                args: self.named_generator(f, metadata),
                secret_type: self.string(f, "type"),
            }),
            "IAMPolicyGenerator" => Plugin::IamPolicy(self.iam_policy(f, root)),
            "HelmChartInflationGenerator" => Plugin::Chart(Box::new(self.chart_plugin(f, root))),
            "NamespaceTransformer" => Plugin::Namespace(self.namespace_plugin(f, metadata)),
            _ => match self.transformer(&kind, root, f) {
                Some(plugin) => plugin,
                None => {
                    self.reader
                        .problem(root, format!("unable to load builtin plugin `{kind}`"));
                    return None;
                }
            },
        };
        self.reader.finish(fields);
        Some(plugin)
    }

    fn transformer(&mut self, kind: &str, root: &Node, f: &mut Fields<'_>) -> Option<Plugin> {
        Some(match kind {
            "HashTransformer" => Plugin::Hash,
            "AnnotationsTransformer" => {
                Plugin::Annotations(self.map(f, "annotations"), self.specs(f))
            }
            "LabelTransformer" => Plugin::Labels(self.map(f, "labels"), self.specs(f)),
            "ImageTagTransformer" => {
                let image = f.take("imageTag").map(|node| self.image(node));
                Plugin::Image(image.unwrap_or_default(), self.specs(f))
            }
            "ReplicaCountTransformer" => {
                let replica = f.take("replica").map(|node| self.replica(node));
                Plugin::Replicas(replica.unwrap_or_default(), self.specs(f))
            }
            "PrefixTransformer" => {
                Plugin::Prefix(self.string(f, "prefix"), self.given_specs(root, f))
            }
            "SuffixTransformer" => {
                Plugin::Suffix(self.string(f, "suffix"), self.given_specs(root, f))
            }
            "PrefixSuffixTransformer" => Plugin::PrefixSuffix {
                prefix: self.string(f, "prefix"),
                suffix: self.string(f, "suffix"),
                fields: self.given_specs(root, f),
            },
            "PatchTransformer" => Plugin::Patch(self.patch_plugin(f, "patch")),
            "PatchJson6902Transformer" => Plugin::Json6902(self.patch_plugin(f, "jsonOp")),
            "PatchStrategicMergeTransformer" => Plugin::Strategic {
                paths: self.strings(f, "paths"),
                patches: self.string(f, "patches"),
            },
            "ReplacementTransformer" => {
                Plugin::Replacements(self.list(f, "replacements", Self::replacement_field))
            }
            "ValueAddTransformer" => Plugin::ValueAdd {
                value: self.string(f, "value"),
                targets: self.list(f, "targets", Self::value_target),
                targets_path: self.string(f, "targetFilePath"),
            },
            _ => return None,
        })
    }

    /// The names of the plugin's object are those of what it generates, where it names no other.
    fn named_generator(&mut self, f: &mut Fields<'_>, metadata: Option<&Node>) -> GeneratorArgs {
        let mut args = self.generator(f);
        let meta = |key| metadata.and_then(|node| node.get(key)?.as_str());
        if args.name.is_empty() {
            args.name = meta("name").unwrap_or_default().to_owned();
        }
        if args.namespace.is_empty() {
            args.namespace = meta("namespace").unwrap_or_default().to_owned();
        }
        args
    }

    fn iam_policy(&mut self, f: &mut Fields<'_>, root: &Node) -> IamPolicy {
        let mut policy = IamPolicy::default();
        if self.string(f, "cloud") != "gke" {
            self.reader
                .problem(root, "cloud provider not supported: only `gke` is");
        }
        if let Some(node) = f.take("kubernetesService") {
            let mut service = self.reader.fields_of_any_case(node, "`kubernetesService`");
            policy.name = self.string(&mut service, "name");
            policy.namespace = self.string(&mut service, "namespace");
            self.reader.finish(service);
        }
        if let Some(node) = f.take("serviceAccount") {
            let mut account = self.reader.fields_of_any_case(node, "`serviceAccount`");
            policy.account = self.string(&mut account, "name");
            policy.project = self.string(&mut account, "projectId");
            self.reader.finish(account);
        }
        policy
    }

    fn namespace_plugin(&mut self, f: &mut Fields<'_>, metadata: Option<&Node>) -> NamespacePlugin {
        let namespace = metadata.and_then(|node| node.get("namespace")?.as_str());
        NamespacePlugin {
            namespace: namespace.unwrap_or_default().to_owned(),
            fields: self.specs(f),
            subjects: self.subjects(f),
            unset_only: self.boolean(f, "unsetOnly"),
        }
    }

    fn subjects(&mut self, f: &mut Fields<'_>) -> Subjects {
        let Some(node) = f.take("setRoleBindingSubjects") else {
            return Subjects::default();
        };
        match self
            .reader
            .string(node, "setRoleBindingSubjects")
            .unwrap_or_default()
        {
            "" | "defaultOnly" => Subjects::NamedDefault,
            "allServiceAccounts" => Subjects::AllServiceAccounts,
            "none" => Subjects::None,
            _ => {
                let message = "`setRoleBindingSubjects` must be one of `defaultOnly`, `none` or `allServiceAccounts`";
                self.reader.problem(node, message);
                Subjects::default()
            }
        }
    }

    fn patch_plugin(&mut self, f: &mut Fields<'_>, inline: &'static str) -> Patch {
        let mut patch = Patch {
            path: self.string(f, "path"),
            inline: self.string(f, inline),
            target: f.take("target").map(|node| self.selector(node, "`target`")),
            ..Patch::default()
        };
        if let Some(node) = f.take("options") {
            let mut options = self.reader.fields_of_any_case(node, "`options`");
            patch.allow_name_change = self.boolean(&mut options, "allowNameChange");
            patch.allow_kind_change = self.boolean(&mut options, "allowKindChange");
            self.reader.finish(options);
        }
        patch
    }

    fn value_target(&mut self, node: &Node) -> ValueTarget {
        let mut fields = self.reader.fields_of_any_case(node, "the target");
        let f = &mut fields;
        let target = ValueTarget {
            selector: f
                .take("selector")
                .map(|node| self.selector(node, "`selector`")),
            field_path: self.string(f, "fieldPath"),
            position: self.integer(f, "filePathPosition"),
        };
        self.reader.finish(fields);
        if target.field_path.is_empty() {
            self.reader.problem(node, "fieldPath cannot be empty");
        }
        if target.position < 0 {
            self.reader
                .problem(node, "filePathPosition cannot be negative");
        }
        target
    }

    /// Some plugins do nothing without specs, which upstream takes for a mistake.
    fn given_specs(&mut self, root: &Node, f: &mut Fields<'_>) -> Vec<FieldSpec> {
        let specs = self.specs(f);
        if specs.is_empty() {
            let message = "the plugin needs `fieldSpecs`, which says what it changes";
            self.reader.problem(root, message);
        }
        specs
    }

    fn specs(&mut self, f: &mut Fields<'_>) -> Vec<FieldSpec> {
        let node = f.take("fieldSpecs");
        node.map(|node| field_specs(self.reader, node, "fieldSpecs"))
            .unwrap_or_default()
    }
}
