use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bodies that are being read may take this much memory together, in units of 1 MiB.
const ROOM: usize = 128;
const UNIT: u64 = 1024 * 1024;
/// How long a request waits for room.
const PATIENCE: Duration = Duration::from_secs(10);
/// Refusals that are written down in each [`WINDOW`]; who sends more fills neither log nor disk.
const REMEMBERED: u32 = 60;
const WINDOW: Duration = Duration::from_secs(60);

/// What all requests of webhooks share.
pub(crate) struct Intake {
    room: Arc<Semaphore>,
    refusals: Mutex<Window>,
}

struct Window {
    began: Instant,
    count: u32,
}

impl Default for Intake {
    fn default() -> Self {
        let window = Window {
            began: Instant::now(),
            count: 0,
        };
        Self {
            room: Arc::new(Semaphore::new(ROOM)),
            refusals: Mutex::new(window),
        }
    }
}

impl Intake {
    /// Room for a body of this many bytes; none when it does not come in time.
    pub(super) async fn room(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(UNIT).max(1)).ok()?;
        let room = Arc::clone(&self.room).acquire_many_owned(units);
        tokio::time::timeout(PATIENCE, room).await.ok()?.ok()
    }

    /// Whether one more refusal is to be written down.
    pub(super) fn may_remember(&self) -> bool {
        let mut window = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.elapsed() >= WINDOW {
            let missed = window.count.saturating_sub(REMEMBERED);
            if missed > 0 {
                tracing::warn!(missed, "more webhooks were refused than are written down");
            }
            *window = Window {
                began: Instant::now(),
                count: 0,
            };
        }
        window.count = window.count.saturating_add(1);
        window.count <= REMEMBERED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_not_written_down() {
        let intake = Intake::default();
        let remembered = (0..1000).filter(|_| intake.may_remember()).count();
        assert_eq!(remembered, 60);
    }
}
