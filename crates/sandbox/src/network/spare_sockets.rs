use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::NetworkError;

/// Fetched in one go.
pub(super) const BATCH: usize = 32;
/// With fewer than this, more are fetched ahead of need.
const FEW: usize = 16;

/// Unconnected TCP sockets of the network, so that a dial need not wait for the helper, which removing a pod
/// keeps busy for tens of milliseconds.
#[derive(Default)]
pub(super) struct SpareSockets(Mutex<Spares>);

#[derive(Default)]
struct Spares {
    sockets: Vec<OwnedFd>,
    fetching: bool,
}

impl SpareSockets {
    /// One socket, if there is one, and whether the caller is to fetch more and [`Self::fill`] them in.
    pub(super) fn take(&self) -> (Option<OwnedFd>, bool) {
        let mut spares = self.lock();
        let socket = spares.sockets.pop();
        let fetch = spares.sockets.len() < FEW && !spares.fetching;
        spares.fetching |= fetch;
        (socket, fetch)
    }

    pub(super) fn fill(&self, fetched: Result<Vec<OwnedFd>, NetworkError>) {
        let mut spares = self.lock();
        spares.fetching = false;
        match fetched {
            Ok(mut sockets) => spares.sockets.append(&mut sockets),
            // Whoever needs one asks for it, and is told.
            Err(error) => tracing::debug!(%error, "no sockets in reserve"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Spares> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sockets(count: usize) -> Vec<OwnedFd> {
        let null = || std::fs::File::open("/dev/null").unwrap().into();
        (0..count).map(|_| null()).collect()
    }

    #[test]
    fn more_are_fetched_once_before_they_run_out() {
        let spares = SpareSockets::default();
        assert!(matches!(spares.take(), (None, true)));
        assert!(matches!(spares.take(), (None, false)));
        spares.fill(Ok(sockets(FEW + 1)));
        assert!(matches!(spares.take(), (Some(_), false)));
        assert!(matches!(spares.take(), (Some(_), true)));
        spares.fill(Err(NetworkError::Ended));
        assert!(matches!(spares.take(), (Some(_), true)));
    }
}
