use std::net::SocketAddr;

use askama::Template;
use axum::Form;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::page::{Chrome, PageError, PageResult, Query, Viewer, render};
use crate::auth::{LIFETIME, clear_cookie, read_cookie, session_cookie};
use crate::{App, clock::now};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    chrome: Chrome,
    next: String,
    problem: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct LoginQuery {
    next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct LoginForm {
    token: String,
    next: Option<String>,
}

pub(super) async fn show(Query(query): Query<LoginQuery>) -> PageResult {
    render(&page(query.next.as_deref(), None))
}

pub(super) async fn log_in(
    State(app): State<App>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    Form(form): Form<LoginForm>,
) -> Result<Response, PageError> {
    let next = form.next.as_deref();
    if let Err(wait) = app.attempts.count(client.ip(), now()) {
        let seconds = wait.as_secs() + 1;
        let problem = format!("Too many attempts. Try again in {seconds} s.");
        let retry = [(header::RETRY_AFTER, seconds.to_string())];
        let page = render(&page(next, Some(problem)))?;
        return Ok((StatusCode::TOO_MANY_REQUESTS, retry, page).into_response());
    }
    if !app.store.is_admin_token(form.token.trim()).await? {
        let page = render(&page(next, Some("This is not the admin token.".to_owned())))?;
        return Ok((StatusCode::UNAUTHORIZED, page).into_response());
    }
    let secret = app.store.start_session(now(), LIFETIME).await?;
    let cookie = session_cookie(&app.config, &secret);
    Ok(redirect(&local(next), cookie))
}

pub(super) async fn log_out(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    if let Some(secret) = read_cookie(&app.config, &headers) {
        app.store.end_session(&secret).await?;
    }
    Ok(redirect("/", clear_cookie(&app.config)))
}

fn redirect(to: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = Redirect::to(to).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn page(next: Option<&str>, problem: Option<String>) -> LoginPage {
    LoginPage {
        chrome: Chrome::new("Log in", Viewer::UNKNOWN),
        next: local(next),
        problem,
    }
}

/// Only paths of ours: a link to the login page must not lead elsewhere.
fn local(next: Option<&str>) -> String {
    let is_local = |path: &&str| {
        let mut bytes = path.bytes();
        bytes.next() == Some(b'/')
            && !matches!(bytes.next(), Some(b'/' | b'\\'))
            && path.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
    };
    next.filter(is_local).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_paths_of_ours_only() {
        for (next, to) in [
            (Some("/projects/hello?q=a"), "/projects/hello?q=a"),
            (None, "/"),
            (Some("https://evil.example"), "/"),
            (Some("//evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("/a\r\nSet-Cookie: x"), "/"),
        ] {
            assert_eq!(local(next), to);
        }
    }
}
