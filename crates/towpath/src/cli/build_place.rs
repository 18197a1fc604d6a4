use clap::Args;
use towpath_model::{ProjectName, SecretName};

use super::ServerOptions;

#[derive(Debug, Args)]
pub struct BuildPlaceOptions {
    /// Where its builds run: `sandbox`, on the server's machine, or a cluster, in a pod each.
    #[arg(long, value_name = "sandbox|CLUSTER")]
    pub build_on: Option<String>,
    /// On a cluster: the container image in which commands run; by default the server's --pod-image.
    #[arg(long, value_name = "IMAGE", requires = "build_on")]
    pub build_image: Option<String>,
    /// On a cluster: how much of a machine a build gets, BUILD_GENERAL1_SMALL (2 CPUs, 4 GiB), _MEDIUM, _LARGE,
    /// _XLARGE or _2XLARGE.
    #[arg(long, value_name = "TYPE", requires = "build_on")]
    pub build_compute: Option<String>,
    /// On a cluster: a secret of the namespace (type kubernetes.io/dockerconfigjson) with which it pulls the image from a
    /// private registry. For images of this server's own registry none is needed.
    #[arg(long, value_name = "NAME", requires = "build_on")]
    pub pull_secret: Option<SecretName>,
}

#[derive(Debug, Args)]
pub struct ProjectBuildOptions {
    pub name: ProjectName,
    #[command(flatten)]
    pub place: BuildPlaceOptions,
    #[command(flatten)]
    pub server: ServerOptions,
}
