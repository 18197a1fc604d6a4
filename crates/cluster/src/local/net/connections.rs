use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The proxied connections that are open, by pod.
#[derive(Clone, Default)]
pub(super) struct Connections(Arc<Mutex<HashMap<Ipv4Addr, Arc<PodConnections>>>>);

type PodConnections = watch::Sender<State>;

#[derive(Clone, Copy, Default)]
struct State {
    open: usize,
    /// The pod is no more; its connections are to end.
    cut: bool,
}

impl Connections {
    /// Counts a connection to this pod until the guard is dropped.
    pub(super) fn begin(&self, ip: Ipv4Addr) -> Connection {
        let mut pods = self.pods();
        let pod = pods.entry(ip).or_default().clone();
        pod.send_modify(|state| state.open += 1);
        Connection {
            connections: self.clone(),
            ip,
            pod,
        }
    }

    /// How many are open.
    pub(super) fn open(&self, ip: Ipv4Addr) -> usize {
        self.pods().get(&ip).map_or(0, |pod| pod.borrow().open)
    }

    /// Waits until none is open.
    pub(super) async fn drained(&self, ip: Ipv4Addr) {
        let pod = self.pods().get(&ip).cloned();
        if let Some(pod) = pod {
            wait_for(&pod, |state| state.open == 0).await;
        }
    }

    /// Ends all that are open. The address may be another pod's from now on.
    pub(super) fn cut(&self, ip: Ipv4Addr) {
        if let Some(pod) = self.pods().remove(&ip) {
            pod.send_modify(|state| state.cut = true);
        }
    }

    fn end(&self, ip: Ipv4Addr, pod: &Arc<PodConnections>) {
        let mut pods = self.pods();
        pod.send_modify(|state| state.open -= 1);
        let is_same = pods
            .get(&ip)
            .is_some_and(|current| Arc::ptr_eq(current, pod));
        if is_same && pod.borrow().open == 0 {
            pods.remove(&ip);
        }
    }

    fn pods(&self) -> MutexGuard<'_, HashMap<Ipv4Addr, Arc<PodConnections>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection to a pod that is counted as long as this lives.
pub(super) struct Connection {
    connections: Connections,
    ip: Ipv4Addr,
    pod: Arc<PodConnections>,
}

impl Connection {
    /// Waits until the pod is no more.
    pub(super) async fn cut(&self) {
        wait_for(&self.pod, |state| state.cut).await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.end(self.ip, &self.pod);
    }
}

async fn wait_for(pod: &PodConnections, condition: impl FnMut(&State) -> bool) {
    // An error means that the sender is gone, and it is held here.
    drop(pod.subscribe().wait_for(condition).await);
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
        let old = connections.begin(POD);
        connections.cut(POD);
        old.cut().await;
        let new = connections.begin(POD);
        assert!(!new.pod.borrow().cut);
        drop(old);
        assert_eq!(connections.open(POD), 1);
    }
}
