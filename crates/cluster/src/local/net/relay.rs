use std::io;

use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::TcpStream;

/// Bytes on the way, per direction.
const BUFFER: usize = 32 * 1024;

/// Copies both ways until both have ended; each end is passed on by itself, so that a client may end its
/// request and still read the answer.
///
/// When one side breaks off, the other is told by a reset, lest half an answer pass for a whole one.
pub(super) async fn relay(mut client: TcpStream, mut pod: TcpStream) -> io::Result<()> {
    let copied = copy_bidirectional_with_sizes(&mut client, &mut pod, BUFFER, BUFFER).await;
    if copied.is_err() {
        reset(client);
        reset(pod);
    }
    copied.map(drop)
}

/// Closes with a reset instead of an orderly end.
pub(super) fn reset(stream: TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!(%error, "a connection ends in order instead of with a reset");
    }
}
