//! Stands between worker and server, and cuts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone)]
pub(crate) struct Proxy {
    address: SocketAddr,
    cuts: watch::Sender<u64>,
    open: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            cuts: watch::Sender::new(0),
            open: Arc::new(AtomicBool::new(true)),
            connections: Arc::default(),
        };
        let accepting = proxy.clone();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                if accepting.open.load(Ordering::SeqCst) {
                    tokio::spawn(accepting.clone().carry(client, server));
                }
            }
        });
        proxy
    }

    async fn carry(self, mut client: TcpStream, server: SocketAddr) {
        let mut cuts = self.cuts.subscribe();
        let mut server = TcpStream::connect(server).await.unwrap();
        self.connections.fetch_add(1, Ordering::SeqCst);
        tokio::select! {
            _ended = copy_bidirectional(&mut client, &mut server) => {}
            _cut = cuts.changed() => {}
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Cuts every connection; new ones are let through.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Cuts, and lets nobody through any more.
    pub(crate) fn close(&self) {
        self.open.store(false, Ordering::SeqCst);
        self.cut();
    }
}
