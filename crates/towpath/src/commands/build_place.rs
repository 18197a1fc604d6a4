use anyhow::{Context, Result};
use towpath_model::ProjectName;
use towpath_web::api::wire::BuildPlaceDocument;

use crate::cli::{BuildPlaceOptions, ProjectBuildOptions};
use crate::client::Client;
use crate::exit::Verdict;
use crate::output;

/// Says where a project's builds run, and changes it when that is given.
pub async fn run(options: ProjectBuildOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let place = match set(&client, &options.name, options.place).await? {
        Some(place) => place,
        None => client.get(&path(&options.name)).await?,
    };
    match options.server.json {
        true => output::print_json(&place)?,
        false => println!("Builds of {} run {}.", options.name, in_words(&place)),
    }
    Ok(Verdict::Fine)
}

/// Changes where a project's builds run, when that was asked for.
pub async fn set(
    client: &Client,
    project: &ProjectName,
    options: BuildPlaceOptions,
) -> Result<Option<BuildPlaceDocument>> {
    let Some(on) = options.build_on else {
        return Ok(None);
    };
    let wanted = BuildPlaceDocument {
        on,
        image: options.build_image,
        compute: options.build_compute,
        pull_secret: options.pull_secret.map(String::from),
    };
    let place = client.put(&path(project), &wanted).await;
    let again = format!(
        "the project is there, but where it is built was not changed (again with `towpath project build {project}`)"
    );
    Ok(Some(place.context(again)?))
}

fn path(project: &ProjectName) -> String {
    format!("/projects/{project}/build-place")
}

/// `in sandboxes on the server's machine`, or on which cluster and how.
pub fn in_words(place: &BuildPlaceDocument) -> String {
    if place.on == "sandbox" {
        return "in sandboxes on the server's machine".to_owned();
    }
    let image = place.image.as_deref().unwrap_or("the server's --pod-image");
    let compute = place.compute.as_deref().unwrap_or("BUILD_GENERAL1_SMALL");
    let secret = place.pull_secret.as_ref();
    let secret = secret.map_or_else(String::new, |name| format!(", pulled with secret {name}"));
    format!(
        "in pods of cluster {}, a pod each: image {image}{secret}, {compute}",
        place.on
    )
}
