use std::net::SocketAddrV4;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use super::listeners::Endpoints;

/// Chooses among the pods that are ready at the moment, in turn.
#[derive(Clone)]
pub(super) struct Balancer {
    endpoints: watch::Receiver<Endpoints>,
    turn: Arc<AtomicUsize>,
}

impl Balancer {
    pub(super) fn new(endpoints: watch::Receiver<Endpoints>) -> Self {
        let turn = Arc::default();
        Self { endpoints, turn }
    }

    /// The next pod that was not `tried` yet; `None` when there is none.
    pub(super) fn next(&self, tried: &[SocketAddrV4]) -> Option<SocketAddrV4> {
        let endpoints = self.endpoints.borrow();
        let start = self.turn.fetch_add(1, Ordering::Relaxed);
        (0..endpoints.len())
            .map(|offset| endpoints[start.wrapping_add(offset) % endpoints.len()])
            .find(|endpoint| !tried.contains(endpoint))
    }

    /// Waits until the pod takes no new connections while another does.
    pub(super) async fn leaves(&self, endpoint: SocketAddrV4) {
        let mut endpoints = self.endpoints.clone();
        let left = endpoints.wait_for(|ready| !ready.is_empty() && !ready.contains(&endpoint));
        if left.await.is_err() {
            // The Service is no more; the connection goes on as long as the pod.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn pods_take_turns_and_none_is_tried_twice() {
        let [a, b] = [1, 2].map(|host| SocketAddrV4::new(Ipv4Addr::new(10, 42, 0, host), 80));
        let (sender, receiver) = watch::channel(Endpoints::from([a, b]));
        let balancer = Balancer::new(receiver);
        let first = balancer.next(&[]).unwrap();
        assert_ne!(balancer.next(&[]), Some(first));
        assert_eq!(balancer.next(&[a]), Some(b));
        assert_eq!(balancer.next(&[a, b]), None);
        sender.send_replace(Endpoints::from([b]));
        assert_eq!((balancer.next(&[]), balancer.next(&[b])), (Some(b), None));
    }
}
