//! The order of the output.

use super::kind_order::{FIRST, LAST};
use crate::kustomization::LegacyOrder;
use crate::resid::ResId;
use crate::resmap::ResMap;

/// Sorts by kind, then by group and version, then by namespace and name (upstream's
/// `SortOrderTransformer`).
pub(crate) fn sort_legacy(map: &mut ResMap, order: Option<&LegacyOrder>) {
    let defaults = LegacyOrder {
        first: FIRST.map(str::to_owned).to_vec(),
        last: LAST.map(str::to_owned).to_vec(),
    };
    let order = order.unwrap_or(&defaults);
    map.list
        .sort_by_cached_key(|resource| key(&resource.current_id(), order));
}

fn key(id: &ResId, order: &LegacyOrder) -> (i64, String, String) {
    let or = |text: &str, none: &'static str| match text.is_empty() {
        true => none.to_owned(),
        false => text.to_owned(),
    };
    let gvk = &id.gvk;
    let types = format!(
        "{}_{}_{}",
        or(&gvk.group, "~G"),
        or(&gvk.version, "~V"),
        or(&gvk.kind, "~K")
    );
    let name = format!("{gvk}|{}|{}", or(&id.namespace, "~X"), or(&id.name, "~N"));
    (rank(&gvk.kind, order), types, name)
}

/// A kind that is named twice counts where it is named last.
fn rank(kind: &str, order: &LegacyOrder) -> i64 {
    let position = |kinds: &[String]| kinds.iter().rposition(|known| known == kind);
    let number = |index: usize| i64::try_from(index).unwrap_or(i64::MAX);
    match (position(&order.first), position(&order.last)) {
        (_, Some(index)) => number(index) + 1,
        (Some(index), None) => number(index) - number(order.first.len()),
        (None, None) => 0,
    }
}
