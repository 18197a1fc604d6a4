//! The network itself; what a cluster makes of it is tested in crate `cluster`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{fs, io, thread};

use nix::sched::{CloneFlags, setns};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use towpath_sandbox::network::{BridgeNetwork, NetworkError, NetworkPlan, PodNetwork, Subnet};
use towpath_sandbox::{Host, InitProgram};
use towpath_testkit::eventually;

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
    let host = Host::detect(init).await;
    BridgeNetwork::start(&host, plan()).await.unwrap()
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
    tokio::task::spawn_blocking(|| thread.join().unwrap())
        .await
        .unwrap()
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
        TcpStream::connect(address)
            .unwrap()
            .read_to_string(&mut heard)
            .unwrap();
        heard
    });
    assert_eq!(heard.await, "hello");
    assert_eq!(server.await.unwrap(), POD);

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
async fn every_port_of_a_pod_is_free_for_every_user() {
    let network = start().await;
    let pod = network.add_pod(POD).await.unwrap();
    let path = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
    assert_eq!(
        inside(&pod, move || fs::read_to_string(path).unwrap()).await,
        "0\n"
    );
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
    inside(&other, || {
        TcpStream::connect((POD, 7777)).map(drop).unwrap()
    })
    .await;
    assert_eq!(accepted.join().unwrap(), OTHER_POD);
}

#[tokio::test]
async fn a_hundred_pods_leave_nothing() {
    let network = start().await;
    let ips: Vec<_> = (2..102)
        .map(|host| Ipv4Addr::new(10, 42, 0, host))
        .collect();
    let before = open_files(network.helper_id());
    let mut pods = Vec::new();
    for ip in &ips {
        pods.push(network.add_pod(*ip).await.unwrap());
    }
    assert_eq!(pod_links(network.helper_id()), 100);
    for ip in &ips {
        network.remove_pod(*ip).await.unwrap();
    }
    assert_eq!(pod_links(network.helper_id()), 0);
    assert_eq!(open_files(network.helper_id()), before);
}

#[tokio::test]
async fn an_address_can_be_used_again_at_once_and_removed_twice() {
    let network = start().await;
    let first = network.add_pod(POD).await.unwrap();
    let second = network.add_pod(POD).await.unwrap();
    assert_eq!(pod_links(network.helper_id()), 1);
    drop((first, second));
    network.remove_pod(POD).await.unwrap();
    network.remove_pod(POD).await.unwrap();
}

#[tokio::test]
async fn addresses_outside_of_the_plan_are_refused() {
    let network = start().await;
    let error = network.add_pod(plan().gateway).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("10.42.0.1 is not an address for a pod"),
        "{error}"
    );
    let error = network
        .listen_tcp("192.0.2.1:80".parse().unwrap())
        .await
        .unwrap_err();
    assert!(
        error.to_string().starts_with("listen on 192.0.2.1:80: "),
        "{error}"
    );
}

#[tokio::test]
async fn without_the_helper_everything_is_an_error() {
    let network = start().await;
    let helper = nix::unistd::Pid::from_raw(network.helper_id().try_into().unwrap());
    nix::sys::signal::kill(helper, nix::sys::signal::Signal::SIGKILL).unwrap();
    let error = network.add_pod(POD).await.unwrap_err();
    assert!(matches!(error, NetworkError::Ended), "{error}");
    assert!(network.connect(SocketAddrV4::new(POD, 80)).await.is_err());
}

#[test]
fn the_helper_ends_when_the_server_is_killed() {
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "network::hold_a_network",
            "--ignored",
            "--nocapture",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let helper: u32 = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("helper ")?.parse().ok())
        .unwrap();
    assert!(is_running(helper));
    server.kill().unwrap();
    server.wait().unwrap();
    eventually("the helper ends", || (!is_running(helper)).then_some(()));
}

/// The server of the test above.
#[tokio::test]
#[ignore = "runs until it is killed"]
async fn hold_a_network() {
    let network = start().await;
    let _pod = network.add_pod(POD).await.unwrap();
    println!("\nhelper {}", network.helper_id());
    std::future::pending().await
}

fn pod_links(helper: u32) -> usize {
    let devices = fs::read_to_string(format!("/proc/{helper}/net/dev")).unwrap();
    devices
        .lines()
        .filter(|line| line.trim_start().starts_with("pod"))
        .count()
}

fn open_files(process: u32) -> usize {
    fs::read_dir(format!("/proc/{process}/fd")).unwrap().count()
}

/// Neither gone nor waiting to be seen off by whoever adopted it.
fn is_running(process: u32) -> bool {
    fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
}
