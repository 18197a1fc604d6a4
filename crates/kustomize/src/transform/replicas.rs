//! `replicas`.

use super::names::expect_scalar;
use crate::fieldspec::{FieldSpec, Make};
use crate::kustomization::Replica;
use crate::resmap::ResMap;
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
            spec.apply(&mut map.list[index], Make::Scalar, &mut |node| {
                expect_scalar(node)?;
                *node = Value::from(replica.count);
                Ok(())
            })?;
        }
    }
    match found {
        true => Ok(()),
        false => Err(not_found(replica, specs)),
    }
}

fn not_found(replica: &Replica, specs: &[FieldSpec]) -> String {
    let types: Vec<String> = specs.iter().map(|spec| spec.gvk.to_string()).collect();
    format!(
        "resource with name {} does not match a config with the following GVK [{}]",
        replica.name,
        types.join(" ")
    )
}
