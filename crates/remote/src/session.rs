//! Each message once and in order, over connections that come and go. Pure: no time, no sockets.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

/// More than this is not sent ahead of the other side's acknowledgement: so much a cut may cost, and so much
/// the sender keeps in memory.
const WINDOW: usize = 1 << 20;

/// Counts messages from 1; 0 is before the first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Sequence(pub u64);

impl Sequence {
    fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

/// The other side does not keep to the protocol, or is not the one that we talked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    #[error("message {} was expected, {} came", .expected.0, .came.0)]
    Gap { expected: Sequence, came: Sequence },
    #[error("{} was acknowledged, {} is the last that was sent", .acknowledged.0, .sent.0)]
    NotSent {
        acknowledged: Sequence,
        sent: Sequence,
    },
    #[error("message {} is asked for again, which is gone since it was acknowledged", .0.0)]
    Gone(Sequence),
}

/// One side of a conversation.
#[derive(Debug, Default)]
pub struct Session {
    /// What was sent and not acknowledged, oldest first; the last one is number `sent`.
    kept: VecDeque<Vec<u8>>,
    kept_bytes: usize,
    sent: Sequence,
    received: Sequence,
    /// Received, and not yet taken by whoever it is for.
    untaken: BTreeSet<Sequence>,
}

impl Session {
    /// Whether one more message fits into the window.
    pub fn has_room(&self) -> bool {
        self.kept_bytes < WINDOW
    }

    /// Keeps a message to be sent, and sent again, until it is acknowledged.
    pub fn push(&mut self, message: Vec<u8>) {
        self.kept_bytes += message.len();
        self.kept.push_back(message);
        self.sent = self.sent.next();
    }

    /// The first message behind this number, to be sent.
    pub fn after(&self, sequence: Sequence) -> Option<(Sequence, &[u8])> {
        let oldest = self.oldest();
        let wanted = sequence.next().max(oldest);
        let index = usize::try_from(wanted.0 - oldest.0).ok()?;
        Some((wanted, self.kept.get(index)?))
    }

    fn oldest(&self) -> Sequence {
        Sequence(self.sent.0 + 1 - self.kept.len() as u64)
    }

    /// The other side has taken everything up to this number.
    pub fn acknowledge(&mut self, sequence: Sequence) -> Result<(), SessionError> {
        if sequence > self.sent {
            return Err(SessionError::NotSent {
                acknowledged: sequence,
                sent: self.sent,
            });
        }
        while self.oldest() <= sequence {
            let Some(message) = self.kept.pop_front() else {
                break;
            };
            self.kept_bytes -= message.len();
        }
        Ok(())
    }

    /// Whether a new connection may go on behind what the other side says it has received.
    pub fn can_resume(&self, received: Sequence) -> Result<(), SessionError> {
        if received > self.sent {
            return Err(SessionError::NotSent {
                acknowledged: received,
                sent: self.sent,
            });
        }
        match received.next() < self.oldest() {
            true => Err(SessionError::Gone(received.next())),
            false => Ok(()),
        }
    }

    /// True for a message that is new, false for one that came already.
    pub fn receive(&mut self, sequence: Sequence) -> Result<bool, SessionError> {
        let expected = self.received.next();
        if sequence > expected {
            return Err(SessionError::Gap {
                expected,
                came: sequence,
            });
        }
        if sequence < expected {
            return Ok(false);
        }
        self.received = sequence;
        self.untaken.insert(sequence);
        Ok(true)
    }

    pub fn received(&self) -> Sequence {
        self.received
    }

    /// A received message has been dealt with.
    pub fn take(&mut self, sequence: Sequence) {
        self.untaken.remove(&sequence);
    }

    /// What to acknowledge: everything up to here has been taken.
    pub fn taken(&self) -> Sequence {
        self.untaken
            .first()
            .map_or(self.received, |first| first.before())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_window_opens_with_acknowledgements() {
        let mut session = Session::default();
        session.push(vec![0; WINDOW]);
        session.push(vec![1]);
        assert!(!session.has_room());
        session.acknowledge(Sequence(1)).unwrap();
        assert!(session.has_room());
        assert_eq!(session.after(Sequence(0)), Some((Sequence(2), &[1][..])));
        assert_eq!(session.after(Sequence(2)), None);
        assert!(session.acknowledge(Sequence(3)).is_err());
        assert_eq!(
            session.can_resume(Sequence(0)),
            Err(SessionError::Gone(Sequence(1)))
        );
        assert!(session.can_resume(Sequence(3)).is_err());
        assert_eq!(session.can_resume(Sequence(1)), Ok(()));
    }

    #[test]
    fn what_came_twice_is_taken_once_and_a_gap_is_an_error() {
        let mut session = Session::default();
        assert_eq!(session.receive(Sequence(1)), Ok(true));
        assert_eq!(session.receive(Sequence(1)), Ok(false));
        assert!(session.receive(Sequence(3)).is_err());
        assert_eq!(session.receive(Sequence(2)), Ok(true));
        assert_eq!(session.taken(), Sequence(0));
        session.take(Sequence(2));
        assert_eq!(session.taken(), Sequence(0));
        session.take(Sequence(1));
        assert_eq!(session.taken(), Sequence(2));
    }

    proptest! {
        /// Connections are cut after any number of frames, acknowledgements get lost.
        #[test]
        fn nothing_is_lost_or_doubled(cuts in prop::collection::vec((0usize..6, any::<bool>()), 1..40)) {
            let (mut sender, mut receiver) = (Session::default(), Session::default());
            let mut got = Vec::new();
            let mut pushed = 0u8;
            let deliver = |sender: &mut Session, receiver: &mut Session, got: &mut Vec<u8>, count: usize, ack: bool| {
                let mut cursor = receiver.received();
                sender.can_resume(cursor).unwrap();
                for _ in 0..count {
                    let Some((sequence, message)) = sender.after(cursor) else { break };
                    if receiver.receive(sequence).unwrap() {
                        got.extend_from_slice(message);
                        receiver.take(sequence);
                    }
                    cursor = sequence;
                }
                if ack {
                    sender.acknowledge(receiver.taken()).unwrap();
                }
            };
            for (count, ack) in cuts {
                pushed += 1;
                sender.push(vec![pushed]);
                deliver(&mut sender, &mut receiver, &mut got, count, ack);
            }
            deliver(&mut sender, &mut receiver, &mut got, usize::MAX, true);
            prop_assert_eq!(got, (1..=pushed).collect::<Vec<_>>());
            prop_assert!(sender.after(Sequence(0)).is_none());
        }
    }
}
