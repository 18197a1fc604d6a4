//! Pushes that are not taken: the next fetch would undo them, or the project is being deleted.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use towpath_model::ProjectName;
use towpath_store::{Store, StoreError};

use super::backend::Call;
use super::body::Body;
use super::route::{Route, Service};
use super::{Refusal, Repositories};

/// The answer to a push that belongs elsewhere, in words that git shows.
pub(super) async fn refuse_push(
    repositories: &Repositories,
    project: &ProjectName,
    call: &Call,
) -> Result<Option<Response<Body>>, Refusal> {
    let advertise = Route::Advertise(Service::ReceivePack);
    if call.route != advertise && call.route != Route::Call(Service::ReceivePack) {
        return Ok(None);
    }
    match why_not(&repositories.inner.store, project).await {
        Ok(None) => Ok(None),
        Ok(Some(_)) if call.route != advertise => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "this project takes no pushes: it follows a remote, or is being deleted",
        )),
        Ok(Some(why)) => Ok(Some(told(&why))),
        Err(error) => {
            tracing::error!(%project, %error, "cannot tell whether pushes are taken");
            Err(Refusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the server's database does not answer",
            ))
        }
    }
}

async fn why_not(store: &Store, project: &ProjectName) -> Result<Option<String>, StoreError> {
    if store.project_deletion(project).await?.is_some() {
        return Ok(Some(format!("{project} is being deleted")));
    }
    let remote = store.remote(project).await?;
    Ok(remote.map(|remote| {
        format!(
            "{project} follows {}: push there, and it is fetched from there",
            remote.url
        )
    }))
}

/// gitprotocol-pack(5): `ERR` instead of the refs; git shows what follows.
fn told(message: &str) -> Response<Body> {
    let packet = |text: &str| format!("{:04x}{text}", text.len() + 4);
    let service = packet("# service=git-receive-pack\n");
    let mut response = Response::new(Body::full(format!(
        "{service}0000{}",
        packet(&format!("ERR {message}\n"))
    )));
    let advertisement = "application/x-git-receive-pack-advertisement";
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(advertisement));
    response
}
