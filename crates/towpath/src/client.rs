//! Talks to a server's API, for every command but `serve`.

use anyhow::{Context, Result, ensure};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Upgraded, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use towpath_web::api::ErrorDocument;
use url::Url;

use crate::cli::ServerOptions;
use crate::credentials;

const DEFAULT_SERVER: &str = "http://127.0.0.1:8480";

#[derive(Clone)]
pub struct Client {
    server: Url,
    token: Option<String>,
    http: reqwest::Client,
}

/// What the server answered instead of what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("{message}{}", .help.as_ref().map(|help| format!("; {help}")).unwrap_or_default())]
pub struct Refused {
    pub code: String,
    pub message: String,
    pub help: Option<String>,
}

impl Client {
    pub fn new(server: Url, token: Option<String>) -> Self {
        Self {
            server,
            token,
            http: reqwest::Client::new(),
        }
    }

    /// The server and token of the options, else of `towpath login`, else the default server.
    pub fn from_options(options: &ServerOptions) -> Result<Self> {
        let stored = credentials::load()?;
        let default = Url::parse(DEFAULT_SERVER)?;
        let server = options
            .server
            .clone()
            .or_else(|| stored.as_ref().map(|stored| stored.server.clone()))
            .unwrap_or(default);
        let stored_token = stored
            .filter(|stored| stored.server == server)
            .map(|stored| stored.token);
        Ok(Self::new(server, options.token.clone().or(stored_token)))
    }

    pub fn server(&self) -> &Url {
        &self.server
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.json(self.request(Method::GET, path)?).await
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.json(self.request(Method::POST, path)?.json(body))
            .await
    }

    pub async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.json(self.request(Method::PUT, path)?.json(body)).await
    }

    pub async fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.json(self.request(Method::PATCH, path)?.json(body))
            .await
    }

    /// A request that takes something away.
    pub async fn delete(&self, path: &str) -> Result<()> {
        self.send(self.request(Method::DELETE, path)?)
            .await
            .map(drop)
    }

    /// A request that takes something away, later; the answer says how far that is.
    pub async fn ask_to_delete<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.json(self.request(Method::DELETE, path)?).await
    }

    /// A request whose answer is only that it was taken on.
    pub async fn ask(&self, path: &str) -> Result<()> {
        self.send(self.request(Method::POST, path)?).await.map(drop)
    }

    /// The answer as it comes, for logs.
    pub async fn stream(&self, path: &str) -> Result<Response> {
        self.send(self.request(Method::GET, path)?).await
    }

    /// Turns a request into a connection that both ends write to as they like (RFC 6455).
    pub async fn web_socket(&self, path: &str) -> Result<WebSocketStream<Upgraded>> {
        let key = generate_key();
        let request = self
            .request(Method::GET, path)?
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, &key);
        let response = self.send(request).await?;
        let accepted = response.headers().get(header::SEC_WEBSOCKET_ACCEPT);
        let expected = derive_accept_key(key.as_bytes());
        ensure!(
            accepted.is_some_and(|accepted| accepted.as_bytes() == expected.as_bytes()),
            "{}: something between here and the server does not let a WebSocket through",
            response.url()
        );
        let upgraded = response.upgrade().await?;
        Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, None).await)
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        let url = self.server.join(&format!("/api/v1{path}"))?;
        let request = self.http.request(method, url);
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let response = self.send(request).await?;
        let url = response.url().clone();
        response
            .json()
            .await
            .with_context(|| format!("{url}: not the answer of this version's API"))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let sent = request.send().await;
        let response = sent.map_err(|error| self.unreachable(error))?;
        if response.status().is_success() || response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(response);
        }
        let (status, url) = (response.status(), response.url().clone());
        let text = response.text().await.unwrap_or_default();
        match serde_json::from_str::<ErrorDocument>(&text) {
            Ok(ErrorDocument { error }) => Err(Refused {
                code: error.code,
                message: error.message,
                help: error.help,
            }
            .into()),
            Err(_) => anyhow::bail!("{url}: {status}: {}", text.trim()),
        }
    }

    /// With the cause alone: what the HTTP client's layers add tells nobody anything.
    fn unreachable(&self, error: reqwest::Error) -> anyhow::Error {
        let error = anyhow::Error::new(error);
        anyhow::anyhow!(
            "cannot reach the server at {}: {}; is `towpath serve` running, and --server right?",
            self.server,
            error.root_cause()
        )
    }
}
