use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The proxied connections that are open, by pod.
#[derive(Clone, Default)]
pub(super) struct Connections(Arc<Mutex<HashMap<Ipv4Addr, watch::Sender<PodConnections>>>>);

#[derive(Clone, Copy, Default)]
struct PodConnections {
    open: usize,
    /// The pod is no more; its connections are to end.
    gone: bool,
}

impl Connections {
    /// Counts a connection to this pod until the guard is dropped.
    pub(super) fn begin(&self, pod: Ipv4Addr) -> Connection {
        let mut pods = self.pods();
        let sender = pods.entry(pod).or_default();
        sender.send_modify(|pod| pod.open += 1);
        Connection {
            connections: self.clone(),
            pod,
            state: sender.subscribe(),
        }
    }

    /// How many are open.
    pub(super) fn open(&self, pod: Ipv4Addr) -> usize {
        self.pods().get(&pod).map_or(0, |pod| pod.borrow().open)
    }

    /// Waits until none is open.
    pub(super) async fn drained(&self, pod: Ipv4Addr) {
        let state = self.pods().get(&pod).map(watch::Sender::subscribe);
        if let Some(mut state) = state {
            // An error means that the entry is gone, and it goes with the last connection.
            drop(state.wait_for(|pod| pod.open == 0).await);
        }
    }

    /// Ends all that are open.
    pub(super) fn cut(&self, pod: Ipv4Addr) {
        if let Some(state) = self.pods().get(&pod) {
            state.send_modify(|pod| pod.gone = true);
        }
    }

    fn end(&self, pod: Ipv4Addr) {
        let mut pods = self.pods();
        if let Some(state) = pods.get(&pod) {
            state.send_modify(|pod| pod.open -= 1);
            if state.borrow().open == 0 {
                pods.remove(&pod);
            }
        }
    }

    fn pods(&self) -> MutexGuard<'_, HashMap<Ipv4Addr, watch::Sender<PodConnections>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection to a pod that is counted as long as this lives.
pub(super) struct Connection {
    connections: Connections,
    pod: Ipv4Addr,
    state: watch::Receiver<PodConnections>,
}

impl Connection {
    /// Waits until the pod is no more.
    pub(super) async fn cut(&mut self) {
        if self.state.wait_for(|pod| pod.gone).await.is_err() {
            // Cannot be: the entry stays as long as a connection is counted.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.end(self.pod);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 2);

    #[tokio::test]
    async fn a_pod_is_drained_when_its_last_connection_ends() {
        let connections = Connections::default();
        connections.drained(POD).await;
        let (first, second) = (connections.begin(POD), connections.begin(POD));
        assert_eq!(connections.open(POD), 2);
        let drained = tokio::spawn({
            let connections = connections.clone();
            async move { connections.drained(POD).await }
        });
        drop((first, second));
        drained.await.unwrap();
        assert_eq!(connections.open(POD), 0);
        assert!(connections.pods().is_empty());
    }

    #[tokio::test]
    async fn a_cut_pod_ends_its_connections_but_not_those_of_the_next() {
        let connections = Connections::default();
        let mut old = connections.begin(POD);
        connections.cut(POD);
        old.cut().await;
        drop(old);
        assert!(!connections.begin(POD).state.borrow().gone);
    }
}
