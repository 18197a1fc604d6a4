//! Carries a [`Link`]'s messages over one connection until it is cut.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::frame::{Frame, FrameError, Timing};
use crate::link::{Cursor, Link};
use crate::{Sequence, SessionError};

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// The other side said that there is nothing more to be done.
    #[error("{0}")]
    Goodbye(String),
    #[error("the other side closed the connection")]
    Closed,
    #[error("nothing was heard for {0:?}")]
    Silent(Duration),
    #[error("another connection has taken this one's place")]
    Replaced,
    #[error("the connection: {0}")]
    Transport(String),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error("unexpected: {0}")]
    Unexpected(&'static str),
    #[error("the other side speaks version {theirs} of the protocol, this is {ours}")]
    Version { theirs: u32, ours: u32 },
}

/// Carries until the connection ends. Reading and writing do not wait for each other, so that two sides that
/// both have much to say cannot stop each other.
pub(crate) async fn carry<S, R>(
    link: &Link,
    peer_received: Sequence,
    timing: Timing,
    to: &mut S,
    from: &mut R,
) -> CarryError
where
    S: Sink<Bytes> + Unpin,
    S::Error: std::fmt::Display,
    R: Stream<Item = Result<Bytes, String>> + Unpin,
{
    let mut cursor = match link.connect(peer_received) {
        Ok(cursor) => cursor,
        Err(error) => return error.into(),
    };
    let asked = Notify::new();
    let error = tokio::select! {
        error = write(link, &mut cursor, timing, &asked, to) => error,
        error = read(link, timing, &asked, from) => error,
    };
    link.disconnect(&cursor);
    error
}

async fn write<S>(
    link: &Link,
    cursor: &mut Cursor,
    timing: Timing,
    asked: &Notify,
    to: &mut S,
) -> CarryError
where
    S: Sink<Bytes> + Unpin,
    S::Error: std::fmt::Display,
{
    let mut ping = tokio::time::interval_at(Instant::now() + timing.ping, timing.ping);
    loop {
        let frame = tokio::select! {
            _ = ping.tick() => Frame::Ping,
            () = asked.notified() => Frame::Pong,
            frame = link.outgoing(cursor) => match frame {
                Some(frame) => frame,
                None => return CarryError::Replaced,
            },
        };
        let sent = timeout(timing.silence(), send(to, &frame)).await;
        match (sent, frame) {
            (Err(_), _) => return CarryError::Silent(timing.silence()),
            (Ok(Err(error)), _) => return error,
            (Ok(Ok(())), Frame::Goodbye(reason)) => return CarryError::Goodbye(reason),
            (Ok(Ok(())), _) => {}
        }
    }
}

async fn read<R>(link: &Link, timing: Timing, asked: &Notify, from: &mut R) -> CarryError
where
    R: Stream<Item = Result<Bytes, String>> + Unpin,
{
    loop {
        let frame = match timeout(timing.silence(), receive(from)).await {
            Err(_) => return CarryError::Silent(timing.silence()),
            Ok(Err(error)) => return error,
            Ok(Ok(frame)) => frame,
        };
        let dealt_with = match frame {
            Frame::Data { sequence, message } => link.receive(sequence, message),
            Frame::Ack(sequence) => link.acknowledge(sequence),
            Frame::Ping => {
                asked.notify_one();
                Ok(())
            }
            Frame::Pong => Ok(()),
            Frame::Goodbye(reason) => return CarryError::Goodbye(reason),
            Frame::Hello(_) | Frame::Welcome(_) => {
                return CarryError::Unexpected("a second greeting");
            }
        };
        if let Err(error) = dealt_with {
            return error.into();
        }
    }
}

pub(crate) async fn send<S>(to: &mut S, frame: &Frame) -> Result<(), CarryError>
where
    S: Sink<Bytes> + Unpin,
    S::Error: std::fmt::Display,
{
    to.send(frame.encode().into())
        .await
        .map_err(|error| CarryError::Transport(error.to_string()))
}

pub(crate) async fn receive<R>(from: &mut R) -> Result<Frame, CarryError>
where
    R: Stream<Item = Result<Bytes, String>> + Unpin,
{
    match from.next().await {
        Some(Ok(bytes)) => Ok(Frame::decode(&bytes)?),
        Some(Err(error)) => Err(CarryError::Transport(error)),
        None => Err(CarryError::Closed),
    }
}
