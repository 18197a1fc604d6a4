//! Between the server and the world: something that speaks TLS in front of a plain server, and a proxy behind which
//! all hosts are that one.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Speaks TLS and passes on what it hears to a server that does not. Ends when dropped.
pub(crate) struct TlsFront {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl TlsFront {
    pub(crate) async fn start(certificate: &Path, key: &Path, behind: String) -> Self {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate)
            .unwrap()
            .collect();
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.unwrap(), key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                tokio::spawn(pass_on(acceptor.clone(), connection, behind.clone()));
            }
        });
        Self { address, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Clients that break off, as those do that do not trust the certificate, are part of the tests.
async fn pass_on(acceptor: TlsAcceptor, connection: TcpStream, behind: String) {
    if let Ok(mut client) = acceptor.accept(connection).await {
        let mut server = TcpStream::connect(behind).await.unwrap();
        let _ended = copy_bidirectional(&mut client, &mut server).await;
    }
}

/// An HTTP proxy that lets through who shows the user `ann` with the password `s3cret`: tunnels (RFC 9110, 9.3.6) to
/// one address, and requests in plain HTTP to another, whatever host is asked for.
pub(crate) struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(tunnels_to: SocketAddr, plain_to: &str) -> Self {
        let plain_to: SocketAddr = plain_to.parse().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let all = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                tokio::spawn(lead(connection, tunnels_to, plain_to, Arc::clone(&all)));
            }
        });
        Self {
            address,
            asked,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://ann:s3cret@{}", self.address)
    }

    /// The first lines of all requests that it let through.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Who shows no password is asked for it, and may try again.
async fn lead(
    mut client: TcpStream,
    tunnels_to: SocketAddr,
    plain_to: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
) {
    while let Some(head) = head(&mut client).await {
        // `ann:s3cret`
        if head.contains("Basic YW5uOnMzY3JldA==") {
            let first = head.lines().next().unwrap().to_owned();
            let is_tunnel = first.starts_with("CONNECT ");
            asked.lock().unwrap().push(first);
            return match is_tunnel {
                true => tunnel(client, tunnels_to).await,
                false => pass_plain(client, plain_to, &head).await,
            };
        }
        let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\n\r\n";
        if client.write_all(answer).await.is_err() {
            return;
        }
    }
}

async fn tunnel(mut client: TcpStream, to: SocketAddr) {
    let mut server = TcpStream::connect(to).await.unwrap();
    let answer = b"HTTP/1.1 200 Connection established\r\n\r\n";
    if client.write_all(answer).await.is_ok() {
        let _ended = copy_bidirectional(&mut client, &mut server).await;
    }
}

async fn pass_plain(mut client: TcpStream, to: SocketAddr, head: &str) {
    let mut server = TcpStream::connect(to).await.unwrap();
    server.write_all(head.as_bytes()).await.unwrap();
    let _ended = copy_bidirectional(&mut client, &mut server).await;
}

/// The lines of a request; none when there comes no other.
async fn head(client: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}
