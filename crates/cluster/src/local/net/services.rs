//! Keeps the listeners as the Services want them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use tokio::net::TcpListener;
use tokio::sync::watch;
use towpath_sandbox::network::NetworkError;

use super::balancer::Balancer;
use super::error::ClusterNetworkError;
use super::listeners::{Endpoints, Place, desired};
use super::proxy::Proxies;
use super::service::{ServiceEntry, ServiceKey};
use super::tasks::Tasks;

pub(super) struct Services {
    proxies: Proxies,
    active: BTreeMap<Place, Active>,
}

/// A listener that is open.
struct Active {
    service: ServiceKey,
    endpoints: watch::Sender<Endpoints>,
    accepting: Tasks,
}

impl Services {
    pub(super) fn new(proxies: Proxies) -> Self {
        let active = BTreeMap::new();
        Self { proxies, active }
    }

    /// Opens, changes and closes listeners. A listener that cannot be opened is an error of its own and
    /// is tried again by the next update.
    pub(super) async fn update(&mut self, services: &[ServiceEntry]) -> Vec<ClusterNetworkError> {
        let mut desired = desired(services);
        self.close(|place, active| {
            desired
                .get(place)
                .is_none_or(|(service, _)| *service != active.service)
        })
        .await;
        for (place, active) in &self.active {
            if let Some((_, endpoints)) = desired.remove(place) {
                active.set(endpoints);
            }
        }
        let mut errors = Vec::new();
        for (place, (service, endpoints)) in desired {
            match self.open(place, service, endpoints).await {
                Ok(active) => drop(self.active.insert(place, active)),
                Err(error) => errors.push(error),
            }
        }
        errors
    }

    async fn close(&mut self, mut which: impl FnMut(&Place, &mut Active) -> bool) {
        let closing: Vec<_> = self
            .active
            .extract_if(.., |place, active| which(place, active))
            .collect();
        for (_, active) in closing {
            active.accepting.end().await;
        }
    }

    async fn open(
        &self,
        place: Place,
        service: ServiceKey,
        endpoints: Endpoints,
    ) -> Result<Active, ClusterNetworkError> {
        let listener = self.listen(place, &service).await?;
        let (endpoints, receiver) = watch::channel(endpoints);
        let mut accepting = Tasks::default();
        accepting.spawn(
            self.proxies
                .clone()
                .accept_all(listener, Balancer::new(receiver)),
        );
        Ok(Active {
            service,
            endpoints,
            accepting,
        })
    }

    async fn listen(
        &self,
        place: Place,
        service: &ServiceKey,
    ) -> Result<TcpListener, ClusterNetworkError> {
        let service = service.clone();
        match place {
            Place::Cluster(address) => self
                .listen_inside(address)
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

    async fn listen_inside(&self, address: SocketAddrV4) -> Result<TcpListener, NetworkError> {
        self.proxies.network()?.listen_tcp(address).await
    }
}

impl Active {
    fn set(&self, endpoints: Endpoints) {
        self.endpoints.send_if_modified(|current| {
            let changes = *current != endpoints;
            *current = endpoints;
            changes
        });
    }
}
