use std::borrow::Cow;
use std::collections::HashSet;

use towpath_model::Diagnostic;

use super::{Build, Document};
use crate::emit::emit;
use crate::resid::ResId;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::value::Value;

/// All objects as YAML.
pub(super) fn write(map: &ResMap, warnings: Vec<Diagnostic>) -> Build {
    let ids: Vec<ResId> = map.list.iter().map(|object| object.current_id()).collect();
    let namespaced = ids.iter().filter(|id| !id.is_cluster_scoped());
    let namespaces: HashSet<&str> = namespaced.map(ResId::effective_namespace).collect();
    let mut yaml = String::new();
    let mut documents = Vec::new();
    for (resource, id) in map.list.iter().zip(&ids) {
        if !documents.is_empty() {
            yaml.push_str("---\n");
        }
        let start = yaml.len();
        emit(&value(resource), &mut yaml);
        documents.push(Document {
            file_name: file_name(id, namespaces.len() > 1),
            bytes: start..yaml.len(),
        });
    }
    Build {
        yaml,
        documents,
        warnings,
    }
}

/// Upstream takes its own annotations off each object, writes it and reads it again before the end.
fn value(resource: &Resource) -> Cow<'_, Value> {
    let mut value = Cow::Borrowed(&resource.value);
    if resource.history.written.has_folded() {
        let mut written = resource.history.written.clone();
        written.set_annotations_anew(&resource.value);
        written.fold(value.to_mut());
    }
    value
}

/// `apps_v1_deployment_web.yaml`, with the namespace before it where there are several.
fn file_name(id: &ResId, several_namespaces: bool) -> String {
    let namespace = match several_namespaces && !id.is_cluster_scoped() {
        true => id.effective_namespace(),
        false => "",
    };
    let parts = [
        namespace,
        &id.gvk.group,
        &id.gvk.version,
        &id.gvk.kind,
        &id.name,
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}.yaml", parts.join("_").to_lowercase())
}
