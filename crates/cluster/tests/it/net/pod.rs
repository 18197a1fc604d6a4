use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;

use nix::sched::{CloneFlags, setns};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use towpath_cluster::local::net::{ClusterNetwork, PodPlace};

/// A pod without a container: sockets in its network namespace, used from here. Only root may do this.
pub(super) struct Pod {
    pub(super) place: PodPlace,
}

impl Pod {
    pub(super) async fn start(network: &ClusterNetwork, namespace: &str) -> Self {
        let place = network.add_pod(&namespace.parse().unwrap()).await.unwrap();
        Self { place }
    }

    pub(super) fn ip(&self) -> Ipv4Addr {
        self.place.ip
    }

    pub(super) fn address(&self, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(self.ip(), port)
    }

    /// Runs `action` on a thread of its own in the pod's network, as a process there would.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        action: impl FnOnce() -> std::io::Result<T> + Send + 'static,
    ) -> std::io::Result<T> {
        let net: Arc<OwnedFd> = self.place.namespaces.net.clone();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        thread::spawn(move || {
            setns(&net, CloneFlags::CLONE_NEWNET).unwrap();
            drop(sender.send(action()));
        });
        receiver.await.unwrap()
    }

    pub(super) async fn listen(&self, port: u16) -> TcpListener {
        let listener = self.run(move || {
            let listener = std::net::TcpListener::bind(("0.0.0.0", port))?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        TcpListener::from_std(listener.await.unwrap()).unwrap()
    }

    pub(super) async fn connect(&self, address: SocketAddrV4) -> std::io::Result<TcpStream> {
        let stream = self.run(move || {
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nonblocking(true)?;
            Ok(stream)
        });
        TcpStream::from_std(stream.await?)
    }

    pub(super) async fn udp(&self) -> tokio::net::UdpSocket {
        let socket = self.run(|| {
            let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        tokio::net::UdpSocket::from_std(socket.await.unwrap()).unwrap()
    }

    /// Answers every line, on every connection, with the line and this word.
    pub(super) async fn serve(&self, port: u16, word: &'static str) -> tokio::task::JoinHandle<()> {
        let listener = self.listen(port).await;
        tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer_lines(stream, word));
            }
        })
    }
}

/// Answers HTTP requests on every connection, and keeps the connection.
pub(super) async fn serve_http(
    pod: &Pod,
    port: u16,
    word: &'static str,
) -> tokio::task::JoinHandle<()> {
    let listener = pod.listen(port).await;
    tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(answer_http(stream, word));
        }
    })
}

async fn answer_http(stream: TcpStream, word: &'static str) {
    use tokio::io::AsyncBufReadExt;
    let (reader, mut writer) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(reader).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.is_empty() {
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{word}\n",
                word.len() + 1
            );
            if writer.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// Asks over a connection that is kept, and gives back the answer's content.
pub(super) async fn get(stream: &mut TcpStream) -> std::io::Result<String> {
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
        .await?;
    for _head in 0..3 {
        read_line(stream).await?;
    }
    read_line(stream).await
}

async fn answer_lines(stream: TcpStream, word: &'static str) {
    use tokio::io::AsyncBufReadExt;
    let (reader, mut writer) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(reader).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        writer
            .write_all(format!("{line} {word}\n").as_bytes())
            .await
            .unwrap();
    }
    // The client ended its half: what is said now must still reach it.
    writer.write_all(b"bye").await.ok();
}

/// Says one line and gives back the answer.
pub(super) async fn say(stream: &mut TcpStream, line: &str) -> std::io::Result<String> {
    stream.write_all(format!("{line}\n").as_bytes()).await?;
    read_line(stream).await
}

async fn read_line(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut answer = Vec::new();
    loop {
        match stream.read_u8().await? {
            b'\n' => return Ok(String::from_utf8(answer).unwrap()),
            byte => answer.push(byte),
        }
    }
}
