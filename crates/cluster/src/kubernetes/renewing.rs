use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use towpath_model::{Namespace, ProjectName};

use super::asking::Asking;
use super::failure::Failure;
use super::ownership::Mark;
use super::{Inner, applying, namespaces};
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

/// Whether a secret is gone. A namespace that is gone too, or on its way, has nothing to be put into.
pub(super) async fn lacks_secret(
    asking: &Asking,
    namespace: &Namespace,
    name: &str,
) -> Result<bool, ClusterError> {
    let api: Api<Secret> = Api::namespaced(asking.client.clone(), namespace.as_str());
    let found = match asking.again(|| api.get_metadata_opt(name)).await {
        Ok(found) => found.is_some(),
        Err(Failure::NotFound) => false,
        Err(failure) => {
            let what = format!("looking at Secret {namespace}/{name}");
            return Err(asking.error(&what, failure));
        }
    };
    Ok(!found && namespaces::stays(asking, namespace.as_str()).await)
}
