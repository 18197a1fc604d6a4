//! The network itself; what a cluster makes of it is tested in crate `cluster`.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::{io, thread};

use nix::sched::{CloneFlags, setns};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use towpath_sandbox::InitProgram;
use towpath_sandbox::network::{BridgeNetwork, NetworkPlan, PodNetwork, Subnet};

const POD: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 2);
const OTHER_POD: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 3);
const SERVICE: Ipv4Addr = Ipv4Addr::new(10, 43, 0, 7);

fn plan() -> NetworkPlan {
    NetworkPlan {
        pods: Subnet::new(Ipv4Addr::new(10, 42, 0, 0), 16),
        gateway: Ipv4Addr::new(10, 42, 0, 1),
        services: Subnet::new(Ipv4Addr::new(10, 43, 0, 0), 16),
    }
}

async fn start() -> BridgeNetwork {
    let init = InitProgram::new(env!("CARGO_BIN_EXE_towpath-init"));
    BridgeNetwork::start(&init, plan()).await.unwrap()
}

/// Runs `action` on a thread of its own inside the pod's network, as a process there would.
async fn inside<T: Send + 'static>(
    pod: &PodNetwork,
    action: impl FnOnce() -> T + Send + 'static,
) -> T {
    let net: Arc<OwnedFd> = pod.net.clone();
    let thread = thread::spawn(move || {
        setns(&net, CloneFlags::CLONE_NEWNET).unwrap();
        action()
    });
    tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_pod_reaches_a_service_address_and_the_server_reaches_the_pod() {
    let network = start().await;
    let pod = network.add_pod(POD).await.unwrap();
    let address = SocketAddrV4::new(SERVICE, 80);
    let listener = network.listen_tcp(address).await.unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, from) = listener.accept().await.unwrap();
        stream.write_all(b"hello").await.unwrap();
        from.ip()
    });
    let heard = inside(&pod, move || {
        let mut heard = String::new();
        TcpStream::connect(address).unwrap().read_to_string(&mut heard).unwrap();
        heard
    });
    assert_eq!(heard.await, "hello");
    assert_eq!(server.await.unwrap(), POD);

    // Port 80 on every address, as nobody's user in particular.
    let listener = inside(&pod, || std::net::TcpListener::bind("0.0.0.0:80").unwrap()).await;
    let answer = thread::spawn(move || {
        let (mut stream, from) = listener.accept().unwrap();
        stream.write_all(b"from the pod").unwrap();
        from.ip()
    });
    let mut stream = network.connect(SocketAddrV4::new(POD, 80)).await.unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "from the pod");
    assert_eq!(answer.join().unwrap(), plan().gateway);
}

#[tokio::test]
async fn what_nobody_listens_on_refuses_at_once() {
    let network = start().await;
    let pod = network.add_pod(POD).await.unwrap();
    let error = inside(&pod, || TcpStream::connect((SERVICE, 81)).unwrap_err()).await;
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    let error = inside(&pod, || TcpStream::connect("192.0.2.1:81").unwrap_err()).await;
    assert_eq!(error.kind(), io::ErrorKind::NetworkUnreachable);
}

#[tokio::test]
async fn pods_reach_each_other() {
    let network = start().await;
    let pod = network.add_pod(POD).await.unwrap();
    let other = network.add_pod(OTHER_POD).await.unwrap();
    let listener = inside(&pod, || std::net::TcpListener::bind((POD, 7777)).unwrap()).await;
    let accepted = thread::spawn(move || listener.accept().unwrap().1.ip());
    inside(&other, || TcpStream::connect((POD, 7777)).map(drop).unwrap()).await;
    assert_eq!(accepted.join().unwrap(), OTHER_POD);
}
