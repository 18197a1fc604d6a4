use std::collections::HashSet;

use towpath_model::Diagnostic;

use super::target::Target;
use super::{Build, Document};
use crate::emit::emit;
use crate::resid::ResId;
use crate::resmap::ResMap;
use crate::resource::Resource;

/// All objects as YAML.
///
/// # Errors
/// When one cannot be written so that it can be read.
pub(super) fn write(target: &Target<'_>, map: &ResMap) -> Result<Build, Diagnostic> {
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
        emit(&resource.value, &mut yaml)
            .map_err(|problem| unwritable(target, resource, &problem))?;
        documents.push(Document {
            file_name: file_name(id, namespaces.len() > 1),
            bytes: start..yaml.len(),
        });
    }
    Ok(Build {
        yaml,
        documents,
        warnings: target.warnings(),
    })
}

fn unwritable(target: &Target<'_>, resource: &Resource, problem: &str) -> Diagnostic {
    let id = resource.current_id();
    let message = format!("{problem}, in {id} after all changes");
    target.problem_of(resource.at.as_deref(), message)
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
