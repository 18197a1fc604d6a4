mod charts;
mod generators;
mod plugins;
mod replacements;

use std::collections::BTreeMap;

use towpath_model::Diagnostics;
use towpath_yaml::{Fields, Kind as NodeKind, Node, Reader, Resolution};

use super::*;
use crate::config::{field_specs, gvk};
use crate::replacement::Replacement;
use crate::resid::ResId;

pub(crate) use plugins::{IamPolicy, NamespacePlugin, Plugin, ValueTarget, plugin, value_targets};

const VERSION: &str = "kustomize.config.k8s.io/v1beta1";
/// The one that upstream's release embeds.
const OPENAPI_VERSION: &str = "v1.21.2";

const COMPONENT_VERSION: &str = "kustomize.config.k8s.io/v1alpha1";

/// Reads a kustomization file.
///
/// # Errors
/// Everything that is not as upstream's strict reading wants it, and what is not supported yet.
pub(crate) fn read(file: &str, text: &str) -> Result<Kustomization, Diagnostics> {
    let (documents, repeated) = towpath_yaml::parse_last_counts(file, text)?;
    let mut reader = Reader::new(file);
    let Some(document) = documents.first() else {
        return Err(empty(file));
    };
    if is_empty(&document.root) {
        return Err(empty(file));
    }
    let kustomization = Read {
        reader: &mut reader,
    }
    .kustomization(file, &document.root);
    reader.into_result(Kustomization {
        repeated,
        ..kustomization
    })
}

/// Reads a file with one replacement or a list of them.
///
/// # Errors
/// The first thing that is not as it should be.
pub(crate) fn replacements(file: &str, text: &str) -> Result<Vec<Replacement>, Diagnostic> {
    let documents = towpath_yaml::parse_with(file, text, Resolution::GoYaml2)?;
    let mut reader = Reader::new(file);
    let root = documents.first().map(|document| &document.root);
    let nodes = root
        .map(|root| reader.one_or_more(root))
        .unwrap_or_default();
    let mut read = Vec::new();
    for node in nodes {
        let fields = reader.fields_of_any_case(node, "the replacement");
        read.push(
            Read {
                reader: &mut reader,
            }
            .replacement(fields),
        );
    }
    let result = reader.into_result(read);
    result.map_err(|Diagnostics(mut problems)| problems.swap_remove(0))
}

/// Whether nothing is set but what says that this is a kustomization. An empty list counts as set.
fn is_empty(root: &Node) -> bool {
    let is_type =
        |name: &str| name.eq_ignore_ascii_case("kind") || name.eq_ignore_ascii_case("apiVersion");
    let unset = |node: &Node| match node.kind() {
        NodeKind::Null => true,
        NodeKind::String(text) => text.is_empty(),
        _ => false,
    };
    match root.kind() {
        NodeKind::Null => true,
        NodeKind::Mapping(entries) => entries
            .iter()
            .all(|entry| is_type(entry.name()) || unset(&entry.value)),
        _ => false,
    }
}

fn empty(file: &str) -> Diagnostics {
    let location = Location {
        file: file.to_owned(),
        line: 1,
        column: 1,
    };
    Diagnostic::new(location, "kustomization.yaml is empty").into()
}

fn keys(file: &str, root: &Node) -> BTreeMap<String, Location> {
    let entries = root.entries().iter();
    entries
        .map(|entry| (entry.name().to_ascii_lowercase(), entry.key.location(file)))
        .collect()
}

/// The readers of the parts; problems gather in the [`Reader`].
struct Read<'r> {
    reader: &'r mut Reader,
}

impl Read<'_> {
    fn kustomization(&mut self, file: &str, root: &Node) -> Kustomization {
        let mut fields = self.reader.fields_of_any_case(root, "the kustomization");
        let f = &mut fields;
        let kind = self.kind(root, f);
        self.object_meta(f);
        let mut resources = self.strings_at(f, "resources");
        resources.extend(self.strings_at(f, "bases"));
        let mut images = self.list(f, "images", Self::image);
        images.extend(self.list(f, "imageTags", Self::image));
        let kustomization = Kustomization {
            file: file.to_owned(),
            keys: keys(file, root),
            repeated: Vec::new(),
            kind,
            openapi: self.openapi(f),
            name_prefix: self.string(f, "namePrefix"),
            name_suffix: self.string(f, "nameSuffix"),
            namespace: self.string(f, "namespace"),
            common_labels: self.map(f, "commonLabels"),
            labels: self.list(f, "labels", Self::label_set),
            common_annotations: self.map(f, "commonAnnotations"),
            patches_strategic_merge: self.strings_at(f, "patchesStrategicMerge"),
            patches_json6902: self.list_at(f, "patchesJson6902", Self::patch),
            patches: self.list_at(f, "patches", Self::patch),
            images,
            replacements: self.list_at(f, "replacements", Self::replacement_field),
            replicas: self.list_at(f, "replicas", Self::replica),
            vars: self.list_at(f, "vars", Self::var),
            sort: self.sort(f),
            resources,
            components: self.strings_at(f, "components"),
            crds: self.strings_at(f, "crds"),
            config_maps: self.list_at(f, "configMapGenerator", Self::config_map),
            secrets: self.list_at(f, "secretGenerator", Self::secret),
            charts: self.charts(f),
            generator_options: self.options(f, "generatorOptions"),
            configurations: self.strings_at(f, "configurations"),
            generators: self.strings_at(f, "generators"),
            transformers: self.strings_at(f, "transformers"),
            validators: self.strings_at(f, "validators"),
            metadata: self.metadata(f),
        };
        self.reader.finish(fields);
        kustomization
    }

    fn kind(&mut self, root: &Node, f: &mut Fields<'_>) -> Kind {
        let kind = match f
            .take("kind")
            .and_then(|node| Some((node, self.reader.string(node, "kind")?)))
        {
            None | Some((_, "" | "Kustomization")) => Kind::Kustomization,
            Some((_, "Component")) => Kind::Component,
            Some((node, _)) => {
                let message = "kind should be Kustomization or Component";
                self.reader.problem(node, message);
                Kind::Kustomization
            }
        };
        let version = self.string(f, "apiVersion");
        let (name, wanted) = match kind {
            Kind::Kustomization => ("Kustomization", VERSION),
            Kind::Component => ("Component", COMPONENT_VERSION),
        };
        if !version.is_empty() && version != wanted {
            let at = root.get("apiVersion").unwrap_or(root);
            self.reader
                .problem(at, format!("apiVersion for {name} should be {wanted}"));
        }
        kind
    }

    /// Of no effect, but strictly read.
    fn object_meta(&mut self, f: &mut Fields<'_>) {
        let Some(node) = f.take("metadata") else {
            return;
        };
        let mut fields = self.reader.fields_of_any_case(node, "`metadata`");
        self.string(&mut fields, "name");
        self.string(&mut fields, "namespace");
        self.map(&mut fields, "labels");
        self.map(&mut fields, "annotations");
        self.reader.finish(fields);
    }

    fn openapi(&mut self, f: &mut Fields<'_>) -> Option<At<OpenApi>> {
        let node = f.take("openapi")?;
        let mut fields = self.reader.fields(node, "`openapi`");
        let (path, version) = (fields.take("path"), fields.take("version"));
        self.reader.finish(fields);
        match (path, version) {
            (Some(path), None) => {
                let text = self.reader.string(path, "openapi.path")?;
                Some(self.at(path, OpenApi::Path(text.to_owned())))
            }
            (None, Some(version)) => self.openapi_version(version),
            (None, None) => None,
            (Some(_), Some(version)) => {
                let message = "builtin version and custom schema provided, cannot use both";
                self.reader.problem(version, message);
                None
            }
        }
    }

    fn openapi_version(&mut self, node: &Node) -> Option<At<OpenApi>> {
        match self.reader.string(node, "openapi.version")? {
            "" => None,
            OPENAPI_VERSION => Some(self.at(node, OpenApi::Builtin)),
            _ => {
                let message = format!(
                    "the specified OpenAPI version is not built in; only {OPENAPI_VERSION} is"
                );
                self.reader.problem(node, message);
                None
            }
        }
    }

    fn label_set(&mut self, node: &Node) -> LabelSet {
        let mut fields = self.reader.fields_of_any_case(node, "`labels`");
        let f = &mut fields;
        let set = LabelSet {
            pairs: self.map(f, "pairs"),
            include_selectors: self.boolean(f, "includeSelectors"),
            include_templates: self.boolean(f, "includeTemplates"),
            fields: match f.take("fields") {
                Some(node) => field_specs(self.reader, node, "fields"),
                None => Vec::new(),
            },
        };
        self.reader.finish(fields);
        set
    }

    fn patch(&mut self, node: &Node) -> Patch {
        let mut fields = self.reader.fields_of_any_case(node, "the patch");
        let f = &mut fields;
        let mut patch = Patch {
            path: self.string(f, "path"),
            inline: self.string(f, "patch"),
            target: f.take("target").map(|node| self.selector(node, "`target`")),
            ..Patch::default()
        };
        if let Some(node) = f.take("options") {
            let mut options = self.reader.fields_of_any_case(node, "`options`");
            patch.allow_name_change = self.boolean(&mut options, "allowNameChange");
            patch.allow_kind_change = self.boolean(&mut options, "allowKindChange");
            self.reader.finish(options);
        }
        self.reader.finish(fields);
        patch
    }

    fn selector(&mut self, node: &Node, what: &str) -> Selector {
        let mut fields = self.reader.fields_of_any_case(node, what);
        let f = &mut fields;
        let selector = Selector {
            id: self.id(f),
            annotations: self.string(f, "annotationSelector"),
            labels: self.string(f, "labelSelector"),
        };
        self.reader.finish(fields);
        selector
    }

    fn id(&mut self, f: &mut Fields<'_>) -> ResId {
        ResId {
            gvk: gvk(self.reader, f),
            name: self.string(f, "name").into(),
            namespace: self.string(f, "namespace").into(),
            own_scope: None,
        }
    }

    fn image(&mut self, node: &Node) -> Image {
        let mut fields = self.reader.fields_of_any_case(node, "the image");
        let f = &mut fields;
        let image = Image {
            name: self.string(f, "name"),
            new_name: self.string(f, "newName"),
            tag_suffix: self.string(f, "tagSuffix"),
            new_tag: self.string(f, "newTag"),
            digest: self.string(f, "digest"),
        };
        self.reader.finish(fields);
        image
    }

    fn replica(&mut self, node: &Node) -> Replica {
        let mut fields = self.reader.fields_of_any_case(node, "the replica");
        let replica = Replica {
            name: self.string(&mut fields, "name"),
            count: self.integer(&mut fields, "count"),
        };
        self.reader.finish(fields);
        replica
    }

    fn var(&mut self, node: &Node) -> Var {
        let mut fields = self.reader.fields_of_any_case(node, "the var");
        let f = &mut fields;
        let name = self.string(f, "name");
        let object = match f.take("objref") {
            Some(node) => self.object_reference(node),
            None => ResId::default(),
        };
        let mut field_path = String::new();
        if let Some(node) = f.take("fieldref") {
            let mut reference = self.reader.fields_of_any_case(node, "`fieldref`");
            field_path = self.string(&mut reference, "fieldPath");
            self.reader.finish(reference);
        }
        if field_path.is_empty() {
            field_path.push_str("metadata.name");
        }
        self.reader.finish(fields);
        Var {
            name,
            object,
            field_path,
        }
    }

    fn object_reference(&mut self, node: &Node) -> ResId {
        let mut fields = self.reader.fields_of_any_case(node, "`objref`");
        let api_version = self.string(&mut fields, "apiVersion");
        let mut id = self.id(&mut fields);
        self.reader.finish(fields);
        match api_version.split('/').collect::<Vec<_>>()[..] {
            [""] => {}
            [version] => id.gvk.version = (*version).into(),
            [group, version] => {
                id.gvk.group = (*group).into();
                id.gvk.version = (*version).into();
            }
            _ => {}
        }
        id
    }

    fn sort(&mut self, f: &mut Fields<'_>) -> Option<SortOptions> {
        let node = f.take("sortOptions")?;
        let mut fields = self.reader.fields_of_any_case(node, "`sortOptions`");
        let order = fields.take("order");
        let legacy = fields.take("legacySortOptions").map(|node| {
            let mut lists = self.reader.fields_of_any_case(node, "`legacySortOptions`");
            let read = LegacyOrder {
                first: self.strings(&mut lists, "orderFirst"),
                last: self.strings(&mut lists, "orderLast"),
            };
            self.reader.finish(lists);
            read
        });
        self.reader.finish(fields);
        self.sort_order(node, order, legacy)
    }

    fn sort_order(
        &mut self,
        node: &Node,
        order: Option<&Node>,
        legacy: Option<LegacyOrder>,
    ) -> Option<SortOptions> {
        let name = order.and_then(|order| self.reader.string(order, "order"));
        match (name.unwrap_or_default(), legacy) {
            ("fifo", None) => Some(SortOptions::Fifo),
            ("fifo", Some(_)) => {
                let message = "the field `sortOptions.legacySortOptions` is set but the selected sort order is `fifo`, not `legacy`";
                self.reader.problem(node, message);
                None
            }
            ("legacy", legacy) => Some(SortOptions::Legacy(legacy)),
            _ => {
                let message = "`sortOptions.order` must be one of `fifo` or `legacy`";
                self.reader.problem(order.unwrap_or(node), message);
                None
            }
        }
    }

    fn metadata(&mut self, f: &mut Fields<'_>) -> BuildMetadata {
        let names = self.strings(f, "buildMetadata");
        let has = |name: &str| names.iter().any(|given| given == name);
        BuildMetadata {
            any: !names.is_empty(),
            origin_annotations: has("originAnnotations"),
            transformer_annotations: has("transformerAnnotations"),
            managed_by_label: has("managedByLabel"),
        }
    }

    fn list<T>(
        &mut self,
        f: &mut Fields<'_>,
        key: &'static str,
        read: impl Fn(&mut Self, &Node) -> T,
    ) -> Vec<T> {
        let items = f.take(key).map(|node| self.reader.list(node, key));
        let items = items.unwrap_or_default().iter();
        items.map(|item| read(self, item)).collect()
    }

    fn list_at<T>(
        &mut self,
        f: &mut Fields<'_>,
        key: &'static str,
        read: impl Fn(&mut Self, &Node) -> T,
    ) -> Vec<At<T>> {
        self.list(f, key, |this, node| {
            let value = read(this, node);
            this.at(node, value)
        })
    }

    fn strings_at(&mut self, f: &mut Fields<'_>, key: &'static str) -> Vec<At<String>> {
        self.list_at(f, key, |this, node| {
            this.reader.string(node, key).unwrap_or_default().to_owned()
        })
    }

    fn strings(&mut self, f: &mut Fields<'_>, key: &'static str) -> Vec<String> {
        let items = self.strings_at(f, key).into_iter();
        items.map(|item| item.value).collect()
    }

    fn string(&mut self, f: &mut Fields<'_>, key: &'static str) -> String {
        let node = f.take(key);
        let text = node.and_then(|node| self.reader.string(node, key));
        text.unwrap_or_default().to_owned()
    }

    fn boolean(&mut self, f: &mut Fields<'_>, key: &'static str) -> bool {
        let node = f.take(key);
        node.and_then(|node| self.reader.boolean(node, key))
            .unwrap_or_default()
    }

    fn integer(&mut self, f: &mut Fields<'_>, key: &'static str) -> i64 {
        let Some(node) = f.take(key) else {
            return 0;
        };
        match node.kind() {
            NodeKind::Int(number) if i64::try_from(number).is_ok() => number as i64,
            _ => {
                self.reader.wrong_kind(node, key, "a whole number");
                0
            }
        }
    }

    fn map(&mut self, f: &mut Fields<'_>, key: &'static str) -> BTreeMap<String, String> {
        let Some(node) = f.take(key) else {
            return BTreeMap::new();
        };
        let entries = self.reader.fields(node, key).take_rest();
        let pairs = entries.into_iter().filter_map(|entry| {
            let text = match entry.value.is_null() {
                true => "",
                false => self.reader.string(&entry.value, &entry.json_key())?,
            };
            Some((entry.json_key(), text.to_owned()))
        });
        pairs.collect()
    }

    fn at<T>(&self, node: &Node, value: T) -> At<T> {
        let at = node.location(self.reader.file());
        At { value, at }
    }
}
