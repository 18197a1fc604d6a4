//! The network of a local cluster. Most tests do without containers: as root only, since they make sockets
//! in pods' namespaces from here.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod containers;
mod names;
mod pod;
mod services;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use towpath_cluster::local::net::{
    ClusterNetwork, ServiceEntry, ServiceKey, ServiceKind, ServicePort,
};
use towpath_sandbox::{Host, InitProgram};

const WEB: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 43, 0, 20), 80);

async fn host() -> Host {
    let host = Host::detect(InitProgram::new(towpath_testkit::init_program())).await;
    assert_eq!(host.sandbox(), Ok(()), "this machine allows sandboxes");
    host
}

async fn network(resolvers: Vec<SocketAddr>) -> ClusterNetwork {
    ClusterNetwork::start(&host().await, resolvers)
        .await
        .unwrap()
}

/// Service `web` in namespace `default`, port 80.
fn web(host_port: Option<u16>, endpoints: &[SocketAddrV4]) -> ServiceEntry {
    ServiceEntry {
        key: ServiceKey {
            namespace: "default".parse().unwrap(),
            name: "web".into(),
        },
        kind: ServiceKind::ClusterIp(*WEB.ip()),
        ports: vec![ServicePort {
            name: Some("http".into()),
            port: WEB.port(),
            host_port,
            endpoints: endpoints.to_vec(),
        }],
    }
}

/// Creating network namespaces from here takes root; skipped, and said so, otherwise.
fn is_root() -> bool {
    let root = crate::plain_user::is_root();
    if !root {
        eprintln!("skipped: not root");
    }
    root
}

#[test]
fn as_a_plain_user_too() {
    crate::plain_user::run(&["net::containers::"]);
}
