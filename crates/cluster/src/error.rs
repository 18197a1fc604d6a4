use towpath_model::{ClusterName, Diagnostics};

use crate::ObjectId;

/// Why a cluster did not do it. Who can help, the user or the operator, is said by each.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The user's doing: manifests that cannot be run as they are. Nothing was changed.
    #[error("{0}")]
    Refused(#[from] Diagnostics),
    /// The user's doing: the object belongs to somebody else.
    #[error("{} belongs to {owner}; rename it, or remove it there", .object.for_people())]
    Owned {
        object: ObjectId,
        /// `project web`, `Flux (Kustomization apps)`.
        owner: String,
    },
    #[error(transparent)]
    Store(#[from] towpath_store::StoreError),
    #[error("{context}: {source}")]
    Io {
        context: String,
        source: std::io::Error,
    },
    /// The machine does not allow what a pod needs.
    #[error("the local cluster cannot run: {0}")]
    Unavailable(String),
    #[error("there is no {0}")]
    NotFound(String),
    /// The credentials are not usable: before any server was asked.
    #[error("cluster {cluster}: {why}")]
    Connection { cluster: ClusterName, why: String },
    /// The API server does not know these credentials, or knows them no longer (401).
    #[error(
        "cluster {cluster} does not accept its credentials: {why}; they may have expired or been revoked: make \
         new ones, and give them to it with `towpath cluster add {cluster} --replace`"
    )]
    Unauthenticated { cluster: ClusterName, why: String },
    /// The API server does not allow it to these credentials (403).
    #[error(
        "{doing}: cluster {cluster} does not allow its account to {verb} {resource}{}; give it this right \
         with {}",
        in_namespace(.namespace),
        rights(.cluster, .namespace)
    )]
    Forbidden {
        cluster: ClusterName,
        verb: String,
        /// `deployments.apps`, as `kubectl auth can-i` takes it.
        resource: String,
        /// `None` is the whole cluster.
        namespace: Option<String>,
        /// What failed by it: `applying Deployment hello/web`.
        doing: String,
    },
    /// Whoever answers does not show that it is the API server.
    #[error("cluster {cluster} is not trusted: {why}")]
    Untrusted { cluster: ClusterName, why: String },
    /// The API server does not answer.
    #[error("cluster {cluster} cannot be reached: {why}")]
    Unreachable { cluster: ClusterName, why: String },
    /// The API server answered what was not to be expected.
    #[error("cluster {cluster}: {context}: {why}")]
    Api {
        cluster: ClusterName,
        context: String,
        why: String,
    },
}

impl ClusterError {
    /// Whether the user has to act, rather than whoever runs the server.
    pub fn is_users(&self) -> bool {
        matches!(
            self,
            ClusterError::Refused(_)
                | ClusterError::Owned { .. }
                | ClusterError::NotFound(_)
                | ClusterError::Connection { .. }
                | ClusterError::Unauthenticated { .. }
                | ClusterError::Untrusted { .. }
                | ClusterError::Forbidden { .. }
        )
    }
}

fn rights(cluster: &ClusterName, namespace: &Option<String>) -> String {
    match namespace {
        Some(namespace) => format!(
            "a Role and a RoleBinding; `towpath cluster check {cluster} --namespace {namespace}` lists all that \
             it lacks"
        ),
        None => "a ClusterRole and a ClusterRoleBinding".to_owned(),
    }
}

fn in_namespace(namespace: &Option<String>) -> String {
    match namespace {
        Some(namespace) => format!(" in namespace {namespace}"),
        None => " in the whole cluster".to_owned(),
    }
}
