use std::io;

use towpath_sandbox::network::NetworkError;

use super::service::ServiceKey;

/// Why a part of the cluster's network is not there.
#[derive(Debug, thiserror::Error)]
pub enum ClusterNetworkError {
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error("the network helper cannot be watched: {0}")]
    Helper(io::Error),
    #[error("all 65,533 addresses for pods are in use")]
    NoAddress,
    #[error(
        "Service {service}: cannot listen on 127.0.0.1:{port}: {source}; free the port or give the Service another"
    )]
    HostPort {
        service: ServiceKey,
        port: u16,
        source: io::Error,
    },
    #[error("Service {service}: {source}")]
    Service {
        service: ServiceKey,
        source: NetworkError,
    },
}
