use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;

use nix::sched::{CloneFlags, setns};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use towpath_cluster::local::net::{ClusterNetwork, PodPlace};

/// A pod without a container: sockets in its network namespace, used from here. Only root may do this.
pub struct Pod {
    pub place: PodPlace,
}

impl Pod {
    pub async fn start(network: &ClusterNetwork, namespace: &str) -> Self {
        let place = network.add_pod(&namespace.parse().unwrap()).await.unwrap();
        Self { place }
    }

    pub fn ip(&self) -> Ipv4Addr {
        self.place.ip
    }

    pub fn address(&self, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(self.ip(), port)
    }

    /// Runs `action` on a thread of its own in the pod's network, as a process there would.
    pub async fn run<T: Send + 'static>(
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

    pub async fn listen(&self, port: u16) -> TcpListener {
        let listener = self.run(move || {
            let listener = std::net::TcpListener::bind(("0.0.0.0", port))?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        TcpListener::from_std(listener.await.unwrap()).unwrap()
    }

    pub async fn connect(&self, address: SocketAddrV4) -> std::io::Result<TcpStream> {
        let stream = self.run(move || {
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nonblocking(true)?;
            Ok(stream)
        });
        TcpStream::from_std(stream.await?)
    }

    pub async fn udp(&self) -> tokio::net::UdpSocket {
        let socket = self.run(|| {
            let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        tokio::net::UdpSocket::from_std(socket.await.unwrap()).unwrap()
    }

    /// Answers every line, on every connection, with the line and this word.
    pub async fn serve(&self, port: u16, word: &'static str) -> tokio::task::JoinHandle<()> {
        let listener = self.listen(port).await;
        tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer_lines(stream, word));
            }
        })
    }
}

async fn answer_lines(stream: TcpStream, word: &'static str) {
    use tokio::io::AsyncBufReadExt;
    let (reader, mut writer) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(reader).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        writer.write_all(format!("{line} {word}\n").as_bytes()).await.unwrap();
    }
    // The client ended its half: what is said now must still reach it.
    writer.write_all(b"bye").await.ok();
}

/// Says one line and gives back the answer.
pub async fn say(stream: &mut TcpStream, line: &str) -> std::io::Result<String> {
    stream.write_all(format!("{line}\n").as_bytes()).await?;
    let mut answer = Vec::new();
    loop {
        match stream.read_u8().await? {
            b'\n' => return Ok(String::from_utf8(answer).unwrap()),
            byte => answer.push(byte),
        }
    }
}
