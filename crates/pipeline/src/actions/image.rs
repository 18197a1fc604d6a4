use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use towpath_archive::{Limits, zip};
use towpath_dockerfile::{Built, Request};
use towpath_model::{Digest, Timestamp};
use towpath_oci::reference::{ImageReference, Repository, Tag};

use super::context::Context;
use super::{ActionError, Done};
use crate::engine::now;
use crate::plan::{BUILD_ARTIFACT, SOURCE_ARTIFACT};

/// Files and images are as old as this, so that the same input gives the same digest.
const CREATED: Timestamp = Timestamp(0);

/// Builds the Dockerfile into our registry, tagged with the commit and `latest`.
pub(super) async fn run(context: &mut Context<'_>) -> Result<Done, ActionError> {
    context.phases.start("context");
    let dockerfile = dockerfile(context);
    let folder = unpack_context(context, &dockerfile).await?;
    context.phases.start("build");
    let repository = Repository::from(&context.project.name);
    let tags = [context.execution.commit.as_str().parse()?, Tag::latest()];
    let request = Request {
        context: &folder,
        dockerfile: &dockerfile,
        build_args: &BTreeMap::new(),
        target: None,
        repository: &repository,
        tags: &tags,
        created: CREATED,
        now: now(),
    };
    match context
        .services
        .builder
        .build(&request, &mut context.log)
        .await?
    {
        Built::Image(image) => Ok(done(context, repository, image.digest)),
        Built::Failed(diagnostics) => Err(ActionError::refused(diagnostics)),
    }
}

fn dockerfile(context: &Context<'_>) -> String {
    let configured = context.action.configuration.get("DockerFilePath");
    configured
        .cloned()
        .unwrap_or_else(|| "Dockerfile".to_owned())
}

/// The build's artifact when it holds the Dockerfile, else the source with that artifact laid over it:
/// article 000's Dockerfile copies what the build made.
async fn unpack_context(
    context: &mut Context<'_>,
    dockerfile: &str,
) -> Result<PathBuf, ActionError> {
    let folder = context.folder()?.join("context");
    let source = context
        .file(&context.required_input(SOURCE_ARTIFACT)?)
        .await?;
    let built = match context.input(BUILD_ARTIFACT) {
        Some(artifact) => Some(context.file(&artifact).await?),
        None => None,
    };
    let (target, dockerfile) = (folder.clone(), dockerfile.to_owned());
    let unpacked = tokio::task::spawn_blocking(move || {
        unpack_layers(&source, built.as_deref(), &dockerfile, &target)
    });
    let said = unpacked
        .await
        .map_err(|error| ActionError::Invalid(error.to_string()))??;
    context.log.line(said);
    Ok(folder)
}

fn unpack_layers(
    source: &Path,
    built: Option<&Path>,
    dockerfile: &str,
    target: &Path,
) -> Result<&'static str, towpath_archive::Error> {
    let limits = Limits::default();
    let Some(built) = built else {
        zip::unpack(source, target, &limits)?;
        return Ok("Context: the source.");
    };
    if zip::list(built)?
        .iter()
        .any(|entry| entry.path.as_bytes() == dockerfile.as_bytes())
    {
        zip::unpack(built, target, &limits)?;
        return Ok("Context: the build's artifact, which holds the Dockerfile.");
    }
    zip::unpack(source, target, &limits)?;
    zip::unpack_over(built, target, &limits)?;
    Ok("Context: the source with the build's artifact laid over it.")
}

/// The variables that later actions read: ECRBuildAndPublish's words for the digest, the ECR source's for the URI.
fn done(context: &mut Context<'_>, repository: Repository, digest: Digest) -> Done {
    let host = context.services.registry_host.clone();
    let image = ImageReference::pinned(host, repository, digest);
    context.log.line(format!("{image}"));
    Done::succeeded()
        .with_variable("ImageURI", &image)
        .with_variable("ImageDigest", digest)
}
