use http::{HeaderValue, Response, StatusCode, header, request};
use towpath_model::Digest;
use towpath_store::Page;

use super::body::{self, Body};
use super::error::{Code, HttpError};
use super::{Answer, query};
use crate::manifest::{Descriptor, MANIFEST_LIMIT, Manifest, media_type};
use crate::reference::Repository;
use crate::registry::Registry;

/// A page when the client names no size, and the largest it gets.
const PAGE_LIMIT: u32 = 10_000;

pub(super) async fn catalog(registry: &Registry, parts: &request::Parts) -> Answer {
    let page = page(parts)?;
    let (names, more) = cut(
        registry.store.image_repositories(&one_more(&page)).await?,
        &page,
    );
    let value = serde_json::json!({ "repositories": names });
    let response = body::json(StatusCode::OK, &value);
    Ok(link_next(response, "/v2/_catalog", &page, &names, more))
}

pub(super) async fn tags(
    registry: &Registry,
    repository: &Repository,
    parts: &request::Parts,
) -> Answer {
    let name = repository.as_str();
    if !registry.store.image_repository_exists(name).await? {
        let message = format!("there is no repository {repository}");
        return Err(HttpError::new(Code::NameUnknown, message));
    }
    let page = page(parts)?;
    let (tags, more) = cut(
        registry.store.image_tags(name, &one_more(&page)).await?,
        &page,
    );
    let value = serde_json::json!({ "name": name, "tags": tags });
    let response = body::json(StatusCode::OK, &value);
    let path = format!("/v2/{name}/tags/list");
    Ok(link_next(response, &path, &page, &tags, more))
}

/// What is said about a manifest: signatures, SBOMs ("Listing Referrers"). An unknown one has none.
pub(super) async fn referrers(
    registry: &Registry,
    repository: &Repository,
    subject: &Digest,
    parts: &request::Parts,
) -> Answer {
    let filter = query(parts, "artifactType");
    let mut found = Vec::new();
    let rows = registry
        .store
        .referrers(repository.as_str(), subject)
        .await?;
    for row in rows {
        let bytes = registry.blobs.read(&row.digest, MANIFEST_LIMIT).await?;
        let manifest = Manifest::parse(Some(&row.media_type), &bytes)
            .map_err(crate::registry::RegistryError::from)?;
        let artifact_type = manifest.effective_artifact_type();
        if filter.is_none() || filter.as_deref() == artifact_type {
            let mut descriptor = Descriptor::new(&row.media_type, row.digest, row.size);
            descriptor.artifact_type = artifact_type.map(str::to_owned);
            descriptor.annotations = manifest.annotations;
            found.push(descriptor);
        }
    }
    let index = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_INDEX,
        "manifests": found,
    });
    let mut response = body::json(StatusCode::OK, &index);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(media_type::OCI_INDEX),
    );
    if filter.is_some() {
        body::set(&mut response, "oci-filters-applied", "artifactType");
    }
    Ok(response)
}

fn page(parts: &request::Parts) -> Result<Page, HttpError> {
    let limit = match query(parts, "n") {
        None => PAGE_LIMIT,
        Some(text) => text.parse::<u32>().map_err(|_| {
            let message = format!("n={text:?} is not a number of entries");
            HttpError::new(Code::PaginationInvalid, message)
        })?,
    };
    Ok(Page {
        after: query(parts, "last"),
        limit: limit.min(PAGE_LIMIT),
    })
}

/// One entry more than wanted tells whether there is another page.
fn one_more(page: &Page) -> Page {
    Page {
        after: page.after.clone(),
        limit: page.limit + 1,
    }
}

fn cut(mut names: Vec<String>, page: &Page) -> (Vec<String>, bool) {
    let limit = page.limit as usize;
    let more = names.len() > limit;
    names.truncate(limit);
    (names, more)
}

fn link_next(
    mut response: Response<Body>,
    path: &str,
    page: &Page,
    names: &[String],
    more: bool,
) -> Response<Body> {
    if let Some(last) = names.last().filter(|_| more) {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("n", &page.limit.to_string())
            .append_pair("last", last)
            .finish();
        body::set(
            &mut response,
            "link",
            format!("<{path}?{query}>; rel=\"next\""),
        );
    }
    response
}
