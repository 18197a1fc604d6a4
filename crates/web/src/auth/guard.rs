use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts as Head;
use http::{HeaderMap, Method, header};
use towpath_model::ProjectName;
use towpath_store::StoreError;

use super::access::{Access, Surface, access};
use super::credential::Credential;
use super::refusal::{internal, refusal};
use super::session_cookie::read_cookie;
use super::site::{host_is_loopback, host_is_ours, origin_is_ours};
use super::verdict::{Facts, Origin, Verdict, verdict};
use crate::{App, clock::now};

/// Who asks. A request extension behind [`guard`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    Anonymous,
    /// The admin token, in this very request.
    Token,
    /// A browser that logged in.
    Session,
    /// A cluster that pulls the images of one project, and asks for one of those.
    Puller,
}

/// Lets through who may, and answers the others in the dialect of what they asked for.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    let access = access(&head.method, head.uri.path(), head.uri.query());
    let facts = match facts(&app, &access, &head).await {
        Ok(facts) => facts,
        Err(error) => return internal(access.surface, &error),
    };
    match verdict(&facts) {
        Verdict::Allow => {
            head.extensions.insert(facts.identity);
            next.run(Request::from_parts(head, body)).await
        }
        refused => refusal(access.surface, refused, &head),
    }
}

async fn facts(app: &App, access: &Access, head: &Head) -> Result<Facts, StoreError> {
    let (headers, config) = (&head.headers, &app.config);
    let host = host(head);
    let credential = Credential::from_header(text(headers, header::AUTHORIZATION));
    let identity = identity(app, access, &credential, head).await?;
    Ok(Facts {
        need: access.need,
        changes: !head.method.is_safe() || head.method == Method::OPTIONS,
        host_is_ours: host_is_ours(config, host),
        origin: match text(headers, header::ORIGIN) {
            None if headers.contains_key(header::ORIGIN) => Origin::Foreign,
            None => Origin::Unsaid,
            Some(origin) if origin_is_ours(config, origin, host) => Origin::Ours,
            Some(_) => Origin::Foreign,
        },
        identity,
        wrong_credential: credential != Credential::None
            && !matches!(identity, Identity::Token | Identity::Puller),
        reads_are_open: config.is_local() && host_is_loopback(host),
    })
}

async fn identity(
    app: &App,
    access: &Access,
    credential: &Credential,
    head: &Head,
) -> Result<Identity, StoreError> {
    if let Credential::Token(token) = credential {
        if app.store.is_admin_token(token).await? {
            return Ok(Identity::Token);
        }
        let project = match access.surface {
            Surface::Registry => app.store.pull_token_project(token).await?,
            _ => None,
        };
        return Ok(match project {
            Some(project) if is_pull(&project, head.uri.path()) => Identity::Puller,
            _ => Identity::Anonymous,
        });
    }
    match read_cookie(&app.config, &head.headers) {
        Some(secret) if app.store.session_is_valid(&secret, now()).await? => Ok(Identity::Session),
        _ => Ok(Identity::Anonymous),
    }
}

/// Whether this is asked for to pull an image of the project: `/v2/<project>/<what>/<reference>`, or the
/// question whether a credential is any good. A repository beneath the project's is another one.
fn is_pull(project: &ProjectName, path: &str) -> bool {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["v2"] | ["v2", ""] => true,
        [
            "v2",
            repository,
            "manifests" | "blobs" | "tags" | "referrers",
            reference,
        ] => *repository == project.as_str() && !reference.is_empty(),
        _ => false,
    }
}

/// RFC 9112, 3.2.2: the authority of an absolute target counts, not the header.
fn host(head: &Head) -> &str {
    match head.uri.authority() {
        Some(authority) => authority.as_str(),
        None => text(&head.headers, header::HOST).unwrap_or(""),
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_puller_asks_for_its_own_repository() {
        let hello: ProjectName = "hello".parse().unwrap();
        for (path, expected) in [
            ("/v2", true),
            ("/v2/", true),
            ("/v2/hello/manifests/latest", true),
            ("/v2/hello/blobs/sha256:00", true),
            ("/v2/hello/tags/list", true),
            ("/v2/hello2/manifests/latest", false),
            ("/v2/hello/blobs/manifests/latest", false),
            ("/v2/hello/blobs/uploads/1", false),
            ("/v2/hello/manifests/", false),
            ("/v2/other/manifests/hello", false),
            ("/v2/_catalog", false),
            ("/api/v1/projects", false),
        ] {
            assert_eq!(is_pull(&hello, path), expected, "{path}");
        }
    }
}
