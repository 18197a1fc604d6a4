use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::Notify;

use super::http::Exchange;

/// Bytes on the way, per direction; held only while there are some.
const BUFFER: usize = 64 * 1024;

/// How a relay ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Relayed {
    /// Both sides have ended.
    Ended,
    /// The pod leaves, and the client has its answers: its next request is for another pod.
    Left,
}

/// Copies both ways until both have ended; each end is passed on by itself, so that a client may end its
/// request and still read the answer. Once `leaves` is over it stops between two HTTP exchanges, if the
/// connection is HTTP/1.1 and comes to such a place.
pub(super) async fn relay(
    client: &mut TcpStream,
    pod: &mut TcpStream,
    leaves: impl Future<Output = ()>,
) -> io::Result<Relayed> {
    let passing = Passing::default();
    let (mut from_client, mut to_client) = client.split();
    let (mut from_pod, mut to_pod) = pod.split();
    let up = copy(&passing, Direction::Up, &mut from_client, &mut to_pod);
    let down = copy(&passing, Direction::Down, &mut from_pod, &mut to_client);
    let both = async { tokio::try_join!(up, down) };
    let left = async {
        leaves.await;
        passing.between().await;
    };
    tokio::select! {
        ended = both => ended.map(|_| Relayed::Ended),
        () = left => Ok(Relayed::Left),
    }
}

/// Closes with a reset instead of an orderly end, lest half an answer pass for a whole one.
pub(super) fn reset(stream: &TcpStream) {
    if let Err(error) = stream.set_zero_linger() {
        tracing::debug!(%error, "a connection ends in order instead of with a reset");
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Up,
    Down,
}

/// What both directions know of the connection.
#[derive(Default)]
struct Passing {
    state: Mutex<State>,
    came_between: Notify,
}

struct State {
    exchange: Exchange,
    /// Directions that have read what they have not written yet.
    busy: u8,
    /// A side has ended: there is no next request.
    half_closed: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            exchange: Exchange::new(),
            busy: 0,
            half_closed: false,
        }
    }
}

impl Passing {
    /// Waits for a moment in which nothing is on the way and every request has its answer.
    async fn between(&self) {
        while !self.state().is_between() {
            self.came_between.notified().await;
        }
    }

    fn begin(&self, direction: Direction, bytes: &[u8]) {
        let mut state = self.state();
        state.busy += 1;
        match direction {
            Direction::Up => state.exchange.client_sent(bytes),
            Direction::Down => state.exchange.pod_sent(bytes),
        }
    }

    fn end(&self) {
        let mut state = self.state();
        state.busy -= 1;
        if state.is_between() {
            self.came_between.notify_one();
        }
    }

    fn close(&self) {
        self.state().half_closed = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_between(&self) -> bool {
        self.busy == 0 && !self.half_closed && self.exchange.is_between()
    }
}

async fn copy(
    passing: &Passing,
    direction: Direction,
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
) -> io::Result<()> {
    loop {
        from.readable().await?;
        let mut buffer = Vec::with_capacity(BUFFER);
        // As long as there is more, the buffer is kept.
        while let Some(count) = try_read(from, &mut buffer)? {
            if count == 0 {
                passing.close();
                return to.shutdown().await;
            }
            passing.begin(direction, &buffer);
            to.write_all(&buffer).await?;
            passing.end();
            buffer.clear();
        }
    }
}

/// `None` when there is nothing to read at the moment.
fn try_read(from: &mut ReadHalf<'_>, buffer: &mut Vec<u8>) -> io::Result<Option<usize>> {
    match from.try_read_buf(buffer) {
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
