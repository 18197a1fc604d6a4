//! Lets a cluster elsewhere pull the project's images from our registry.

use std::collections::BTreeSet;

use towpath_cluster::{KubernetesCluster, Object, PullSecret, manifest};
use towpath_model::{BuildPlace, Namespace, ProjectName};
use towpath_oci::ImageReference;
use towpath_store::{PullScope, Secret};

use super::ActionError;
use super::context::Context;
use crate::engine::now;

/// The tokens that the namespaces get by this deployment.
pub(super) struct PullSecrets(Vec<(PullScope, Secret)>);

/// Makes the pods that run the project's image name the secret with which it is pulled, and says what stands
/// in the way of pulling. Gives the namespaces that need the secret.
pub(super) fn prepare(
    context: &mut Context<'_>,
    cluster: &KubernetesCluster,
    objects: &mut [Object],
) -> Result<BTreeSet<Namespace>, ActionError> {
    let repository = repository(context);
    let mut pods = objects.to_vec();
    let namespaces = manifest::use_pull_secret(&mut pods, &repository, &secret_name(context));
    if namespaces.is_empty() {
        return Ok(namespaces);
    }
    reachable(context, cluster)?;
    let pulling = context.services.pulling;
    if context.services.public_url.starts_with("http://") && !pulling.only_here {
        context.log.line(format!(
            "note: images are pulled over plain HTTP ({}): the nodes' container runtimes must allow that \
             for this registry",
            context.services.public_url
        ));
    }
    if !pulling.needs_token {
        return Ok(BTreeSet::new());
    }
    objects.clone_from_slice(&pods);
    Ok(namespaces)
}

/// Adds the secrets themselves: they are applied, but not part of the release's record.
pub(super) async fn add_secrets(
    context: &Context<'_>,
    namespaces: BTreeSet<Namespace>,
    objects: &mut Vec<Object>,
) -> Result<PullSecrets, ActionError> {
    let (repository, name) = (repository(context), secret_name(context));
    let mut secrets = Vec::new();
    for namespace in namespaces {
        let scope = PullScope {
            project: context.project.name.clone(),
            cluster: context.project.cluster.clone(),
            namespace,
        };
        let token = context.services.store.pull_token(&scope, now()).await?;
        let text = token.expose_str()?;
        manifest::add_pull_secret(objects, &scope.namespace, &name, &repository, text);
        secrets.push((scope, token));
    }
    Ok(PullSecrets(secrets))
}

impl PullSecrets {
    /// Ends the tokens that these have replaced.
    pub(super) async fn applied(self, context: &Context<'_>) -> Result<(), ActionError> {
        for (scope, token) in self.0 {
            let store = &context.services.store;
            store.remove_old_pull_tokens(&scope, &token).await?;
        }
        Ok(())
    }
}

/// With what the cluster pulls the image of a build: of our own registry with a token of the image's project.
pub(super) async fn of_build(
    context: &Context<'_>,
    place: &BuildPlace,
    image: &str,
) -> Result<Option<PullSecret>, ActionError> {
    if let Some(name) = &place.pull_secret {
        return Ok(Some(PullSecret::Existing(name.clone())));
    }
    let services = context.services;
    let image: ImageReference = image.parse().map_err(ActionError::refused)?;
    if image.host() != &services.registry_host || !services.pulling.needs_token {
        return Ok(None);
    }
    let scope = PullScope {
        project: project_of(context, &image).await?,
        cluster: place.cluster.clone(),
        namespace: context.project.namespace.clone(),
    };
    // Older tokens stay: pods that were deployed with one may pull again.
    let token = services.store.pull_token(&scope, now()).await?;
    let repository = format!("{}/{}", image.host(), image.repository());
    Ok(Some(PullSecret::Token { repository, token }))
}

/// Images of our registry are projects' own.
async fn project_of(
    context: &Context<'_>,
    image: &ImageReference,
) -> Result<ProjectName, ActionError> {
    if let Ok(name) = image.repository().as_str().parse()
        && let Some(project) = context.services.store.project(&name).await?
    {
        return Ok(project.name);
    }
    Err(ActionError::refused(format!(
        "the build's image {image} is named as one of this server's registry, but there is no project {}",
        image.repository()
    )))
}

/// Whether the cluster's nodes can reach this server at all, by its name.
pub(super) fn reachable(
    context: &mut Context<'_>,
    cluster: &KubernetesCluster,
) -> Result<(), ActionError> {
    match context.services.pulling.only_here {
        true => reachable_from_here(context, cluster),
        false => Ok(()),
    }
}

/// A cluster on this machine may reach loopback, one elsewhere cannot.
fn reachable_from_here(
    context: &mut Context<'_>,
    cluster: &KubernetesCluster,
) -> Result<(), ActionError> {
    let host = &context.services.registry_host;
    if !is_loopback(cluster.server()) {
        return Err(ActionError::refused(format!(
            "cluster {} ({}) cannot pull images from {host}, which is this machine only: start the server \
             with `--public-url URL`, under which the cluster's nodes reach it",
            cluster.name(),
            cluster.server()
        )));
    }
    context.log.line(format!(
        "note: images are named {host}, which only nodes in this machine's own network can pull from; for \
         others start the server with `--public-url URL`"
    ));
    Ok(())
}

fn is_loopback(server: &str) -> bool {
    let host = url::Url::parse(server).ok();
    match host.as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn repository(context: &Context<'_>) -> String {
    format!(
        "{}/{}",
        context.services.registry_host, context.project.name
    )
}

fn secret_name(context: &Context<'_>) -> String {
    PullScope::secret_name(&context.project.name)
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn servers_on_this_machine() {
        for (server, expected) in [
            ("https://127.0.0.1:6443/", true),
            ("https://[::1]:6443", true),
            ("https://localhost:6443", true),
            ("https://10.0.0.1:6443", false),
            ("https://localhost.example", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_loopback(server), expected, "{server}");
        }
    }
}
