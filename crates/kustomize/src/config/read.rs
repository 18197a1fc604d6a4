use towpath_model::Diagnostics;
use towpath_yaml::{Fields, Node, Reader, Resolution};

use super::{Config, NameReference};
use crate::fieldspec::FieldSpec;
use crate::resid::Gvk;

/// Reads a file of `configurations`.
///
/// # Errors
/// When it is no YAML, or holds what no such file has.
pub(crate) fn read(file: &str, text: &str) -> Result<Config, Diagnostics> {
    let documents = towpath_yaml::parse_with(file, text, Resolution::GoYaml2)?;
    let mut reader = Reader::new(file);
    let mut config = Config::default();
    for document in documents.iter().filter(|document| !document.root.is_null()) {
        let mut fields = reader.fields_of_any_case(&document.root, "the configuration");
        let mut list = |name| {
            let node = fields.take(name);
            node.map(|node| field_specs(&mut reader, node, name))
                .unwrap_or_default()
        };
        config.name_prefix = list("namePrefix");
        config.name_suffix = list("nameSuffix");
        config.namespace = list("namespace");
        config.common_labels = list("commonLabels");
        config.labels = list("labels");
        config.template_labels = list("templateLabels");
        config.common_annotations = list("commonAnnotations");
        config.var_reference = list("varReference");
        config.images = list("images");
        config.replicas = list("replicas");
        if let Some(node) = fields.take("nameReference") {
            config.name_reference = references(&mut reader, node);
        }
        reader.finish(fields);
    }
    reader.into_result(config)
}

/// A list of field specs.
pub(crate) fn field_specs(reader: &mut Reader, node: &Node, what: &str) -> Vec<FieldSpec> {
    let items = reader.list(node, what);
    items.iter().map(|item| field_spec(reader, item)).collect()
}

fn field_spec(reader: &mut Reader, node: &Node) -> FieldSpec {
    let mut fields = reader.fields_of_any_case(node, "the field spec");
    let gvk = gvk(reader, &mut fields);
    let path = string(reader, &mut fields, "path");
    let create = fields.take("create");
    let create = create.and_then(|node| reader.boolean(node, "create"));
    reader.finish(fields);
    FieldSpec::new(gvk, &path, create.unwrap_or_default())
}

fn references(reader: &mut Reader, node: &Node) -> Vec<NameReference> {
    let items = reader.list(node, "nameReference");
    let references = items.iter().map(|item| {
        let mut fields = reader.fields_of_any_case(item, "the name reference");
        let target = gvk(reader, &mut fields);
        let referrers = match fields.take("fieldSpecs") {
            Some(node) => field_specs(reader, node, "fieldSpecs"),
            None => Vec::new(),
        };
        reader.finish(fields);
        NameReference { target, referrers }
    });
    references.collect()
}

/// The fields `group`, `version` and `kind`.
pub(crate) fn gvk(reader: &mut Reader, fields: &mut Fields<'_>) -> Gvk {
    Gvk {
        group: string(reader, fields, "group").into(),
        version: string(reader, fields, "version").into(),
        kind: string(reader, fields, "kind").into(),
    }
}

fn string(reader: &mut Reader, fields: &mut Fields<'_>, key: &'static str) -> String {
    let node = fields.take(key);
    let text = node.and_then(|node| reader.string(node, key));
    text.unwrap_or_default().to_owned()
}
