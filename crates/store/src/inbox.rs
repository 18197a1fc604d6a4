//! Group commit: deliveries that arrive while one transaction is being written are written by the next one.

use std::mem::take;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::{NewDelivery, Recorded, Store, StoreError};

/// As many deliveries as one transaction takes.
const BATCH: usize = 256;

#[derive(Clone, Debug, Default)]
pub(crate) struct Inbox {
    waiting: Arc<Mutex<Vec<Waiting>>>,
    /// Held by whoever writes.
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct Waiting {
    delivery: NewDelivery,
    answer: oneshot::Sender<Answer>,
}

#[derive(Debug)]
enum Answer {
    Recorded(Recorded),
    /// The transaction failed, perhaps for another's sake: each tries for itself.
    Alone(Box<NewDelivery>),
}

impl Inbox {
    pub(crate) async fn record(
        &self,
        store: &Store,
        delivery: NewDelivery,
    ) -> Result<Recorded, StoreError> {
        let again = delivery.clone();
        let (answer, mut answered) = oneshot::channel();
        self.waiting().push(Waiting { delivery, answer });
        let answer = loop {
            let turn = self.turn.lock().await;
            match answered.try_recv() {
                Ok(answer) => break answer,
                // Whoever took it was dropped before it was written.
                Err(oneshot::error::TryRecvError::Closed) => break Answer::Alone(Box::new(again)),
                Err(oneshot::error::TryRecvError::Empty) => self.write(store).await,
            }
            drop(turn);
        };
        match answer {
            Answer::Recorded(recorded) => Ok(recorded),
            Answer::Alone(delivery) => record_alone(store, *delivery).await,
        }
    }

    /// Writes what waits, also when who began it goes away.
    async fn write(&self, store: &Store) {
        let batch: Vec<Waiting> = {
            let mut waiting = self.waiting();
            let count = waiting.len().min(BATCH);
            let rest = waiting.split_off(count);
            std::mem::replace(&mut *waiting, rest)
        };
        let store = store.clone();
        let written = tokio::spawn(async move { write_batch(&store, batch).await });
        // A panic drops the answers, which says it to those who wait.
        drop(written.await);
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write_batch(store: &Store, batch: Vec<Waiting>) {
    let (mut deliveries, mut answers) = (Vec::new(), Vec::new());
    for waiting in batch {
        deliveries.push(waiting.delivery);
        answers.push(waiting.answer);
    }
    let written: Vec<Answer> = match store.insert_deliveries(&deliveries).await {
        Ok(recorded) => recorded.into_iter().map(Answer::Recorded).collect(),
        Err(_) => take(&mut deliveries)
            .into_iter()
            .map(|delivery| Answer::Alone(Box::new(delivery)))
            .collect(),
    };
    for (answer, written) in answers.into_iter().zip(written) {
        // Whoever asked may have gone away: the row is there all the same.
        drop(answer.send(written));
    }
}

async fn record_alone(store: &Store, delivery: NewDelivery) -> Result<Recorded, StoreError> {
    let recorded = store.insert_deliveries(&[delivery]).await?;
    recorded
        .into_iter()
        .next()
        .ok_or_else(|| StoreError::corrupt("a delivery", "it was not written"))
}
