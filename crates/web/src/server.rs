use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use hyper_util::rt::TokioTimer;

use crate::{App, router};

/// How long a client may take to send a request's head; also how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long requests may go on after the shutdown.
const GRACE: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot use the certificate {cert} with the key {key}: {source}; both are PEM files")]
    Tls {
        cert: String,
        key: String,
        source: std::io::Error,
    },
    #[error("cannot serve: {0}")]
    Io(#[from] std::io::Error),
}

/// Serves until `shutdown` is done, then lets requests finish for a few seconds.
pub async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    listener.set_nonblocking(true)?;
    let tls = tls(&app).await?;
    let handle = Handle::new();
    tokio::spawn(end(handle.clone(), shutdown));
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        Some(tls) => {
            let mut server = axum_server::from_tcp_rustls(listener, tls)?.handle(handle);
            careful(server.http_builder());
            Ok(server.serve(service).await?)
        }
        None => {
            let mut server = axum_server::from_tcp(listener)?.handle(handle);
            careful(server.http_builder());
            Ok(server.serve(service).await?)
        }
    }
}

async fn end(handle: Handle<SocketAddr>, shutdown: impl Future<Output = ()>) {
    shutdown.await;
    handle.graceful_shutdown(Some(GRACE));
}

/// Without a timer hyper waits for ever for a head that never comes.
fn careful<E>(builder: &mut hyper_util::server::conn::auto::Builder<E>) {
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(100);
}

async fn tls(app: &App) -> Result<Option<RustlsConfig>, ServeError> {
    let Some(files) = &app.config.tls else {
        return Ok(None);
    };
    match RustlsConfig::from_pem_file(&files.cert, &files.key).await {
        Ok(config) => Ok(Some(config)),
        Err(source) => Err(ServeError::Tls {
            cert: files.cert.display().to_string(),
            key: files.key.display().to_string(),
            source,
        }),
    }
}
