use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt, future};
use http::{HeaderValue, header};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, connect_async_tls_with_config};

use super::{CallError, Config};
use crate::MAX_FRAME;

/// Where to call, and whom to trust there.
pub(super) struct Target {
    request: Request,
    tls: Arc<ClientConfig>,
}

pub(super) struct Socket {
    pub(super) to: Pin<Box<dyn Sink<Bytes, Error = Error> + Send>>,
    pub(super) from: Pin<Box<dyn Stream<Item = Result<Bytes, String>> + Send>>,
}

impl Target {
    pub(super) fn new(config: &Config) -> Result<Self, CallError> {
        Ok(Self {
            request: request(config)?,
            tls: Arc::new(tls(config.certificate_authorities.as_deref())?),
        })
    }

    pub(super) async fn connect(&self) -> Result<Socket, Error> {
        let limits = WebSocketConfig::default()
            .max_message_size(Some(MAX_FRAME))
            .max_frame_size(Some(MAX_FRAME));
        let connector = Connector::Rustls(Arc::clone(&self.tls));
        let (socket, _answer) = connect_async_tls_with_config(
            self.request.clone(),
            Some(limits),
            true,
            Some(connector),
        )
        .await?;
        let (to, from) = socket.split();
        Ok(Socket {
            to: Box::pin(to.with(|bytes| future::ready(Ok(Message::Binary(bytes))))),
            from: Box::pin(from.filter_map(|message| future::ready(content(message)))),
        })
    }
}

/// Frames travel in binary messages; WebSocket's own pings and its close mean nothing here.
fn content(message: Result<Message, Error>) -> Option<Result<Bytes, String>> {
    match message {
        Ok(Message::Binary(bytes)) => Some(Ok(bytes)),
        Ok(Message::Text(_)) => Some(Err("a text message".to_owned())),
        Ok(_) => None,
        Err(error) => Some(Err(error.to_string())),
    }
}

fn request(config: &Config) -> Result<Request, CallError> {
    let failed = |reason: String| CallError::Url {
        url: config.url.clone(),
        reason,
    };
    let url = match config.url.split_once("://") {
        Some(("http", rest)) => format!("ws://{rest}"),
        Some(("https", rest)) => format!("wss://{rest}"),
        _ => {
            return Err(failed(
                "it does not begin with http:// or https://".to_owned(),
            ));
        }
    };
    let mut request = url
        .into_client_request()
        .map_err(|error| failed(error.to_string()))?;
    let mut token = HeaderValue::from_str(&format!("Bearer {}", config.token))
        .map_err(|_| failed("the token beside it is no token".to_owned()))?;
    token.set_sensitive(true);
    request.headers_mut().insert(header::AUTHORIZATION, token);
    Ok(request)
}

fn tls(authorities: Option<&str>) -> Result<ClientConfig, CallError> {
    let failed = |error: &dyn std::fmt::Display| CallError::Authorities(error.to_string());
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    for certificate in CertificateDer::pem_slice_iter(authorities.unwrap_or_default().as_bytes()) {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
