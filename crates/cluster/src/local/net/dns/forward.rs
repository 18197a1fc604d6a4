use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::answer::Transport;

/// How long one of the machine's resolvers may take; glibc waits 5 s before it asks again.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the machine's resolvers, from the machine's own network, one after the other. `None` when none
/// answers.
pub(super) async fn forward(
    servers: &[SocketAddr],
    question: &[u8],
    transport: Transport,
) -> Option<Vec<u8>> {
    for server in servers {
        let asked = async {
            match transport {
                Transport::Udp => by_udp(*server, question).await,
                Transport::Tcp => by_tcp(*server, question).await,
            }
        };
        match timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => tracing::debug!(%server, %error, "a resolver of the machine"),
            Err(_) => tracing::debug!(%server, "a resolver of the machine does not answer"),
        }
    }
    None
}

async fn by_udp(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut answer = vec![0; 4096];
    loop {
        let length = socket.recv(&mut answer).await?;
        if same_id(&answer[..length], question) {
            answer.truncate(length);
            return Ok(answer);
        }
    }
}

async fn by_tcp(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    write_framed(&mut stream, question).await?;
    match read_framed(&mut stream).await? {
        Some(answer) if same_id(&answer, question) => Ok(answer),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn same_id(answer: &[u8], question: &[u8]) -> bool {
    answer.len() >= 2 && answer.get(..2) == question.get(..2)
}

/// One message of a DNS connection: two bytes of length, then the message (RFC 1035 4.2.2). `None` when the
/// other side has ended.
pub(super) async fn read_framed(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let length = match stream.read_u16().await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        length => length?,
    };
    let mut message = vec![0; usize::from(length)];
    stream.read_exact(&mut message).await?;
    Ok(Some(message))
}

pub(super) async fn write_framed(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(io::Error::other)?;
    let mut framed = Vec::with_capacity(message.len() + 2);
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(message);
    stream.write_all(&framed).await
}
