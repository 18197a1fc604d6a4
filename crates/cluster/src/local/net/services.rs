//! Keeps the listeners as the Services want them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use tokio::net::TcpListener;
use tokio::sync::watch;
use towpath_sandbox::network::NetworkError;

use super::balancer::Balancer;
use super::error::ClusterNetworkError;
use super::listeners::{Endpoints, Place, Purpose, desired};
use super::proxy::Proxies;
use super::service::{ServiceEntry, ServiceKey};
use super::tasks::Tasks;

pub(super) struct Services {
    proxies: Proxies,
    active: BTreeMap<Place, Active>,
}

/// A place that some Service wants.
struct Active {
    service: ServiceKey,
    endpoints: watch::Sender<Endpoints>,
    balancer: Balancer,
    /// `None` while the place is closed.
    accepting: Option<Tasks>,
}

impl Services {
    pub(super) fn new(proxies: Proxies) -> Self {
        let active = BTreeMap::new();
        Self { proxies, active }
    }

    /// Opens, changes and closes listeners. A listener that cannot be opened is an error of its own and
    /// is tried again by the next update.
    pub(super) async fn update(&mut self, services: &[ServiceEntry]) -> Vec<ClusterNetworkError> {
        let desired = desired(services);
        self.forget_all_but(&desired).await;
        for (place, purpose) in desired {
            match self.active.get(&place) {
                Some(active) => active.set(purpose.endpoints),
                None => drop(self.active.insert(place, Active::new(purpose))),
            }
        }
        self.open_and_close().await
    }

    async fn forget_all_but(&mut self, desired: &BTreeMap<Place, Purpose>) {
        let is_gone = |place: &Place, active: &mut Active| {
            desired
                .get(place)
                .is_none_or(|purpose| purpose.service != active.service)
        };
        let gone: Vec<_> = self.active.extract_if(.., is_gone).collect();
        for (_, mut active) in gone {
            active.close().await;
        }
    }

    /// Makes every listener as its endpoints want it.
    async fn open_and_close(&mut self) -> Vec<ClusterNetworkError> {
        let mut errors = Vec::new();
        for (place, active) in &mut self.active {
            let wanted = place.is_open(&active.endpoints.borrow());
            if !wanted {
                active.close().await;
            } else if active.accepting.is_none()
                && let Err(error) = active.open(*place, &self.proxies).await
            {
                errors.push(error);
            }
        }
        errors
    }
}

impl Active {
    fn new(Purpose { service, endpoints }: Purpose) -> Self {
        let (endpoints, receiver) = watch::channel(endpoints);
        let balancer = Balancer::new(receiver);
        Self {
            service,
            endpoints,
            balancer,
            accepting: None,
        }
    }

    fn set(&self, endpoints: Endpoints) {
        self.endpoints.send_if_modified(|current| {
            let changes = *current != endpoints;
            *current = endpoints;
            changes
        });
    }

    async fn open(&mut self, place: Place, proxies: &Proxies) -> Result<(), ClusterNetworkError> {
        let listener = listen(place, &self.service, proxies).await?;
        let mut accepting = Tasks::default();
        accepting.spawn(proxies.clone().accept_all(listener, self.balancer.clone()));
        self.accepting = Some(accepting);
        Ok(())
    }

    async fn close(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.end().await;
        }
    }
}

async fn listen(
    place: Place,
    service: &ServiceKey,
    proxies: &Proxies,
) -> Result<TcpListener, ClusterNetworkError> {
    let service = service.clone();
    match place {
        Place::Cluster(address) => listen_inside(address, proxies)
            .await
            .map_err(|source| ClusterNetworkError::Service { service, source }),
        Place::Host(port) => TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(|source| ClusterNetworkError::HostPort {
                service,
                port,
                source,
            }),
    }
}

async fn listen_inside(
    address: SocketAddrV4,
    proxies: &Proxies,
) -> Result<TcpListener, NetworkError> {
    proxies.network()?.listen_tcp(address).await
}
