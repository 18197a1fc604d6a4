use askama::Template;
use axum::extract::State;
use serde::Deserialize;
use towpath_model::ProjectName;
use towpath_oci::reference::Repository;
use towpath_store::Page;

use super::markup::{Command, Id};
use super::page::{Chrome, PageResult, Path, Query, Viewer, render};
use crate::api::ApiError;
use crate::{App, query};

const LIMIT: u32 = 50;

#[derive(Deserialize)]
pub(super) struct ImagesQuery {
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "images.html")]
struct ImagesPage {
    chrome: Chrome,
    project: ProjectName,
    rows: Vec<Row>,
    next: Option<String>,
    pull: Command,
}

struct Row {
    tag: String,
    short: String,
    digest: Id,
}

/// The tags of a project's image.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(name): Path<ProjectName>,
    Query(parameters): Query<ImagesQuery>,
) -> PageResult {
    query::project(&app, &name).await?;
    let repository: Repository = name
        .as_str()
        .parse()
        .map_err(|error| ApiError::internal(&error))?;
    let page = Page {
        after: parameters.after,
        limit: LIMIT + 1,
    };
    let tags = app.registry.tags(&repository, &page).await;
    let mut tags = tags.map_err(|error| ApiError::internal(&error))?;
    let more = tags.len() > LIMIT as usize;
    tags.truncate(LIMIT as usize);
    let mut rows = Vec::new();
    for tag in &tags {
        let digest = app.registry.digest(&repository, tag).await;
        if let Some(digest) = digest.map_err(|error| ApiError::internal(&error))? {
            rows.push(row(tag.as_str(), &digest));
        }
    }
    let host = app.config.base_url();
    let host = host
        .split_once("://")
        .map_or(host.as_str(), |(_, host)| host);
    render(&ImagesPage {
        chrome: Chrome::new(format!("{name} images"), viewer),
        next: tags
            .last()
            .filter(|_| more)
            .map(|tag| tag.as_str().to_owned()),
        pull: Command(format!("docker pull {host}/{name}:latest")),
        project: name,
        rows,
    })
}

fn row(tag: &str, digest: &towpath_model::Digest) -> Row {
    let is_commit = tag.len() >= 40 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    Row {
        short: if is_commit {
            tag[..12].to_owned()
        } else {
            tag.to_owned()
        },
        tag: tag.to_owned(),
        digest: Id {
            short: digest.short(),
            full: digest.to_string(),
        },
    }
}
