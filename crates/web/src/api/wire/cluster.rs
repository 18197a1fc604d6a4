use serde::{Deserialize, Serialize};
use towpath_model::{ClusterName, ProjectName};
use towpath_store::StoredCluster;
use utoipa::ToSchema;

/// A place where projects are deployed. Its credentials never come back out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClusterDocument {
    #[schema(example = "prod")]
    pub name: String,
    /// `local` or `kubernetes`.
    #[schema(example = "kubernetes")]
    pub kind: String,
    /// How it is reached: kubeconfig, in-cluster or token; none for `local`.
    pub method: Option<String>,
    /// The URL of its API server.
    pub server: Option<String>,
    /// Of the kubeconfig.
    pub context: Option<String>,
    /// The kubeconfig's credential plug-in, which the server runs.
    pub plugin: Option<String>,
    pub created_at: Option<String>,
    /// When its credentials were given last.
    pub updated_at: Option<String>,
    /// The projects that are deployed there.
    pub projects: Vec<String>,
    /// Why nothing can be deployed to `local`.
    pub problem: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClusterList {
    pub clusters: Vec<ClusterDocument>,
}

/// Whether a cluster can be deployed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClusterCheckDocument {
    pub cluster: String,
    /// Where the rights were asked for.
    pub namespace: String,
    /// Why it cannot be asked.
    pub problem: Option<String>,
    /// Of Kubernetes, as the API server says it.
    #[schema(example = "v1.34.1")]
    pub version: Option<String>,
    /// The rights that its account lacks, as `kubectl auth can-i` takes them: `patch deployments.apps`.
    pub missing: Vec<String>,
}

/// A cluster to add.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCluster {
    /// 1 to 63 of a-z, 0-9 and `-`.
    #[schema(example = "prod")]
    pub name: String,
    pub connection: NewConnection,
    /// Gives a cluster that is there other credentials.
    #[serde(default)]
    pub replace: bool,
}

/// How the server reaches a cluster, and as whom.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "method", rename_all = "kebab-case", deny_unknown_fields)]
pub enum NewConnection {
    Kubeconfig {
        /// Its text, which names no file (`kubectl config view --raw --flatten --minify`). A credential
        /// plug-in in it is run by the server.
        kubeconfig: String,
        /// Its current context unless given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<String>,
    },
    /// As the service account of the pod that the server runs in.
    InCluster {},
    Token {
        /// The URL of the API server.
        server: String,
        token: String,
        /// PEM; the roots of the server's machine unless given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate_authority: Option<String>,
    },
}

impl ClusterDocument {
    pub(crate) fn local(projects: &[ProjectName], problem: Option<&str>) -> Self {
        Self {
            name: ClusterName::local().to_string(),
            kind: "local".to_owned(),
            method: None,
            server: None,
            context: None,
            plugin: None,
            created_at: None,
            updated_at: None,
            projects: texts(projects),
            problem: problem.map(str::to_owned),
        }
    }

    pub(crate) fn added(cluster: &StoredCluster, projects: &[ProjectName]) -> Self {
        Self {
            name: cluster.name.to_string(),
            kind: "kubernetes".to_owned(),
            method: Some(cluster.method.as_str().to_owned()),
            server: Some(cluster.server.clone()),
            context: cluster.context.clone(),
            plugin: cluster.plugin.clone(),
            created_at: Some(cluster.created_at.to_string()),
            updated_at: Some(cluster.updated_at.to_string()),
            projects: texts(projects),
            problem: None,
        }
    }
}

fn texts(projects: &[ProjectName]) -> Vec<String> {
    projects.iter().map(ToString::to_string).collect()
}
