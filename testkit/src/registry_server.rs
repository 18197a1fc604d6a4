use std::convert::Infallible;
use std::net::SocketAddr;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use towpath_oci::Registry;

/// A registry on a free port of this machine, until it is dropped.
pub struct RegistryServer {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl RegistryServer {
    pub async fn start(registry: Registry) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(async move {
            // Ends its tasks when it is dropped, so that a stopped server answers nobody.
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let registry = registry.clone();
                let service = service_fn(move |request| {
                    let registry = registry.clone();
                    async move { Ok::<_, Infallible>(registry.handle(request).await) }
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
