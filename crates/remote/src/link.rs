//! A [`Session`] that tasks share: they send and receive messages, a connection at a time carries them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::frame::{Frame, MAX_FRAME, Timing};
use crate::{Sequence, Session, SessionError};

/// Room for the frame's own head.
const LONGEST_MESSAGE: usize = MAX_FRAME - 64;

pub(crate) struct Link {
    state: Mutex<State>,
    /// Counts changes, so that whoever waits looks again.
    changed: watch::Sender<u64>,
}

struct State {
    session: Session,
    inbox: VecDeque<(Sequence, Vec<u8>)>,
    /// The connection that counts; an older one ends itself.
    connection: u64,
    connected: bool,
    /// When there was last a connection.
    since: Instant,
    /// Why there will be no more, once that is so.
    ended: Option<String>,
}

/// The conversation is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Ended(pub(crate) String);

/// What a connection has sent so far.
#[derive(Debug)]
pub(crate) struct Cursor {
    connection: u64,
    sent: Sequence,
    acknowledged: Sequence,
}

impl Link {
    pub(crate) fn new() -> Self {
        let state = State {
            session: Session::default(),
            inbox: VecDeque::new(),
            connection: 0,
            connected: false,
            since: Instant::now(),
            ended: None,
        };
        Self {
            state: Mutex::new(state),
            changed: watch::Sender::new(0),
        }
    }

    /// Waits for room in the window: whoever prints faster than the other side reads has to wait.
    pub(crate) async fn send(&self, message: Vec<u8>) -> Result<(), Ended> {
        self.until(|state| match &state.ended {
            Some(reason) => Some(Err(Ended(reason.clone()))),
            None => state.session.has_room().then_some(Ok(())),
        })
        .await?;
        self.send_now(message)
    }

    /// Without waiting, for small messages that must not wait for large ones.
    pub(crate) fn send_now(&self, message: Vec<u8>) -> Result<(), Ended> {
        if message.len() > LONGEST_MESSAGE {
            let length = message.len();
            return Err(Ended(format!(
                "a message of {length} bytes is too long to be sent; {LONGEST_MESSAGE} is the most \
                 (is there something very large in the environment?)"
            )));
        }
        self.state().session.push(message);
        self.tell();
        Ok(())
    }

    /// The next message; to be [`Link::take`]n when it has been dealt with.
    pub(crate) async fn next(&self) -> Result<(Sequence, Vec<u8>), Ended> {
        self.until(|state| match (state.inbox.pop_front(), &state.ended) {
            (Some(message), _) => Some(Ok(message)),
            (None, Some(reason)) => Some(Err(Ended(reason.clone()))),
            (None, None) => None,
        })
        .await
    }

    pub(crate) fn take(&self, sequence: Sequence) {
        self.state().session.take(sequence);
        self.tell();
    }

    /// Ends the conversation for both sides; the first reason counts.
    pub(crate) fn end(&self, reason: impl Into<String>) {
        self.state().ended.get_or_insert(reason.into());
        self.tell();
    }

    /// Waits for the end.
    pub(crate) async fn ended(&self) -> Ended {
        self.until(|state| state.ended.clone().map(Ended)).await
    }

    pub(crate) fn received(&self) -> Sequence {
        self.state().session.received()
    }

    /// Makes a new connection the one that counts.
    pub(crate) fn connect(&self, peer_received: Sequence) -> Result<Cursor, SessionError> {
        let mut state = self.state();
        state.session.can_resume(peer_received)?;
        state.connection += 1;
        state.connected = true;
        let cursor = Cursor {
            connection: state.connection,
            sent: peer_received,
            acknowledged: Sequence(0),
        };
        drop(state);
        self.tell();
        Ok(cursor)
    }

    pub(crate) fn disconnect(&self, cursor: &Cursor) {
        let mut state = self.state();
        if state.connection == cursor.connection {
            state.connected = false;
            state.since = Instant::now();
        }
        drop(state);
        self.tell();
    }

    /// The next frame for this connection. None when another one has taken its place.
    pub(crate) async fn outgoing(&self, cursor: &mut Cursor) -> Option<Frame> {
        self.until(|state| {
            if state.connection != cursor.connection {
                return Some(None);
            }
            if state.session.taken() > cursor.acknowledged {
                cursor.acknowledged = state.session.taken();
                return Some(Some(Frame::Ack(cursor.acknowledged)));
            }
            if let Some((sequence, message)) = state.session.after(cursor.sent) {
                cursor.sent = sequence;
                let message = message.to_vec();
                return Some(Some(Frame::Data { sequence, message }));
            }
            let reason = state.ended.clone()?;
            Some(Some(Frame::Goodbye(reason)))
        })
        .await
    }

    pub(crate) fn receive(&self, sequence: Sequence, message: Vec<u8>) -> Result<(), SessionError> {
        let mut state = self.state();
        if state.session.receive(sequence)? {
            state.inbox.push_back((sequence, message));
        }
        drop(state);
        self.tell();
        Ok(())
    }

    pub(crate) fn acknowledge(&self, sequence: Sequence) -> Result<(), SessionError> {
        self.state().session.acknowledge(sequence)?;
        self.tell();
        Ok(())
    }

    /// Waits until there has been no connection for the length of the lease.
    pub(crate) async fn lease_ran_out(&self, timing: Timing) {
        loop {
            let since = self
                .until(|state| (!state.connected).then_some(state.since))
                .await;
            tokio::time::sleep_until(since + timing.lease).await;
            let state = self.state();
            if !state.connected && state.since == since {
                return;
            }
        }
    }

    /// How long there has been no connection.
    pub(crate) fn alone_for(&self) -> Duration {
        let state = self.state();
        match state.connected {
            true => Duration::ZERO,
            false => state.since.elapsed(),
        }
    }

    async fn until<T>(&self, mut condition: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(value) = condition(&mut self.state()) {
                return value;
            }
            if changed.changed().await.is_err() {
                // The sender is ours: it lives as long as we do.
                std::future::pending::<()>().await;
            }
        }
    }

    fn tell(&self) {
        self.changed
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
