use std::convert::Infallible;
use std::net::SocketAddr;

use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use towpath_oci::Registry;
use towpath_oci::registry::http::unauthorized;

/// A registry on a free port of this machine, until it is dropped.
pub struct RegistryServer {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl RegistryServer {
    pub async fn start(registry: Registry) -> Self {
        Self::serve(registry, None).await
    }

    /// One that lets nobody in without the value of an Authorization header.
    pub async fn start_guarded(registry: Registry, authorization: &str) -> Self {
        Self::serve(registry, Some(authorization.to_owned())).await
    }

    async fn serve(registry: Registry, authorization: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(async move {
            // Ends its tasks when it is dropped, so that a stopped server answers nobody.
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (registry, authorization) = (registry.clone(), authorization.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    let registry = registry.clone();
                    let given = request.headers().get(AUTHORIZATION);
                    let allowed = authorization.is_none()
                        || authorization.as_deref().map(str::as_bytes)
                            == given.map(HeaderValue::as_bytes);
                    async move {
                        Ok::<_, Infallible>(match allowed {
                            true => registry.handle(request).await,
                            false => unauthorized("test"),
                        })
                    }
                });
                // A client that goes away is part of the tests.
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                connections.spawn(async move { drop(connection.await) });
            }
        });
        Self { address, accepting }
    }

    /// `127.0.0.1:<port>`, as it is in image references.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for RegistryServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
