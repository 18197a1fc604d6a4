use towpath_model::ProjectName;

use super::ownership::Mark;
use super::{Inner, applying};
use crate::error::ClusterError;
use crate::inventory::key;
use crate::object::Object;

/// Applies one object of a project again, with other content, beside what its newest apply had. False when the
/// project does not have it: nothing is made that the inventory does not know.
pub(super) async fn renew(
    cluster: &Inner,
    project: &ProjectName,
    object: &Object,
) -> Result<bool, ClusterError> {
    let asking = &cluster.asking;
    let mark = Mark {
        installation: &cluster.installation,
        project,
    };
    let wanted = key(&object.id());
    let rows = cluster.store.kubernetes_inventory(&asking.cluster, project);
    if !rows.await?.iter().any(|row| row.key == wanted) {
        return Ok(false);
    }
    let targets = cluster
        .kinds
        .targets(asking, std::slice::from_ref(object))
        .await?;
    let before = applying::look_before(asking, &targets).await?;
    applying::check(asking, &mark, &targets, &before).await?;
    if before.is_empty() {
        // It comes anew: until the server has answered, whatever bears our mark is it.
        let name = &asking.cluster;
        let unknown = [(wanted, String::new())];
        let store = &cluster.store;
        store.note_kubernetes_uids(name, project, &unknown).await?;
    }
    let after = applying::apply_all(asking, &mark, &targets, &before).await;
    applying::note(cluster, project, &after.done).await?;
    after.result?;
    Ok(true)
}
