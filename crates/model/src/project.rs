use serde::{Deserialize, Serialize};

use crate::{ClusterName, Namespace, ProjectName, RefName, SecretName, Timestamp};

/// A repository that Towpath builds and deploys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    pub name: ProjectName,
    /// The one branch whose pushes start the pipeline.
    pub branch: RefName,
    /// Where it is deployed.
    pub cluster: ClusterName,
    /// Where its objects go that name no namespace of their own.
    pub namespace: Namespace,
    pub created_at: Timestamp,
}

/// Where a project's builds run when that is not the server's machine: one pod a build, on a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildPlace {
    pub cluster: ClusterName,
    /// The container image in which commands run; `None` is the server's default.
    pub image: Option<String>,
    /// CodeBuild's name of how much of a machine a build gets; `None` is the smallest.
    pub compute: Option<String>,
    /// In the project's namespace: with what the nodes pull the image from a registry that is not ours.
    pub pull_secret: Option<SecretName>,
}
