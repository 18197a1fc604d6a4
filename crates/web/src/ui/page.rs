use askama::Template;
use axum::extract::FromRequestParts;
use axum::response::{Html, IntoResponse, Response};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::api::{self, ApiError};
use crate::assets::{ASSETS, Assets};
use crate::auth::Identity;

use super::error::error_page;

/// What surrounds every page.
pub(super) struct Chrome {
    pub(super) title: String,
    pub(super) viewer: Viewer,
    pub(super) assets: &'static Assets,
}

impl Chrome {
    pub(super) fn new(title: impl Into<String>, viewer: Viewer) -> Self {
        Self {
            title: title.into(),
            viewer,
            assets: &ASSETS,
        }
    }

    /// Of a list that may be searched.
    pub(super) fn of_list(title: &str, search: &str, viewer: Viewer) -> Self {
        match search.trim() {
            "" => Self::new(title, viewer),
            search => Self::new(format!("{search} · {title}"), viewer),
        }
    }
}

/// Who looks at a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Viewer {
    /// None where the page does not know.
    identity: Option<Identity>,
}

impl Viewer {
    /// Of pages that are the same for everybody.
    pub(super) const UNKNOWN: Self = Self { identity: None };

    /// May press buttons.
    pub(super) fn may_write(&self) -> bool {
        !matches!(self.identity, None | Some(Identity::Anonymous))
    }

    /// Has something to log out of.
    pub(super) fn has_session(&self) -> bool {
        self.identity == Some(Identity::Session)
    }

    /// Has nothing yet that would let them write.
    pub(super) fn may_log_in(&self) -> bool {
        self.identity == Some(Identity::Anonymous)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Viewer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let identity = parts.extensions.get::<Identity>().copied();
        Ok(Self {
            identity: Some(identity.unwrap_or(Identity::Anonymous)),
        })
    }
}

/// The variable parts of a page's address.
pub(super) struct Path<T>(pub(super) T);

/// The parameters of a page's address. Others than those that the page knows do no harm.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let path = api::Path::from_request_parts(parts, state).await?;
        Ok(Self(path.0))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let query = api::Query::from_request_parts(parts, state).await?;
        Ok(Self(query.0))
    }
}

/// A page or why there is none.
pub(super) type PageResult = Result<Html<String>, PageError>;

/// An error that is answered with a page.
pub(super) struct PageError(ApiError);

impl<E: Into<ApiError>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        error_page(&self.0)
    }
}

pub(super) fn render(template: &impl Template) -> PageResult {
    Ok(Html(text(template)?))
}

pub(super) fn text(template: &impl Template) -> Result<String, ApiError> {
    template
        .render()
        .map_err(|error| ApiError::internal(&error))
}
