//! `replicas`.

use super::names::expect_scalar;
use crate::fieldspec::{FieldSpec, Make};
use crate::kustomization::Replica;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::value::Value;

/// Sets the count of the objects of that name (upstream's `ReplicaCountTransformer`).
///
/// # Errors
/// When there is no such object.
pub(crate) fn set_replicas(
    map: &mut ResMap,
    replica: &Replica,
    specs: &[FieldSpec],
) -> Result<(), String> {
    let mut found = false;
    for spec in specs {
        let matching = map.by_any_id(&replica.name, |id| spec.applies_to(&id.gvk));
        for index in matching {
            found = true;
            let resource = &mut map.list[index];
            let count = match is_quoted(resource, spec) {
                true => replica.count.to_string().into(),
                false => Value::from(replica.count),
            };
            spec.apply(resource, Make::Scalar, &mut |node| {
                expect_scalar(node)?;
                *node = count.clone();
                Ok(())
            })?;
        }
    }
    match found {
        true => Ok(()),
        false => Err(not_found(replica, specs)),
    }
}

/// Whether a text with quotes is there, which upstream leaves.
fn is_quoted(resource: &Resource, spec: &FieldSpec) -> bool {
    let mut names = spec.names().iter();
    let before = names.try_fold(&resource.value, |node, name| node.get(name));
    let text = before.and_then(Value::as_str);
    text.is_some_and(|text| resource.history.written.is_quoted(spec.names(), text))
}

fn not_found(replica: &Replica, specs: &[FieldSpec]) -> String {
    let types: Vec<String> = specs.iter().map(|spec| spec.gvk.to_string()).collect();
    format!(
        "resource with name {} does not match a config with the following GVK [{}]",
        replica.name,
        types.join(" ")
    )
}
