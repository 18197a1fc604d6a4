//! `replicas`.

use smol_str::format_smolstr;

use crate::fieldspec::{FieldSpec, Make};
use crate::kustomization::Replica;
use crate::resmap::ResMap;
use crate::value::{Scalar, Style, Tag, set_scalar};

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
            let count = format_smolstr!("{}", replica.count);
            spec.apply(resource, Make::Scalar(Tag::Int), &mut |node| {
                set_scalar(node, Scalar::new(count.clone(), Tag::Int, Style::PLAIN))
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
