use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use towpath_cluster::local::net::{ClusterNetwork, ClusterNetworkError};
use towpath_testkit::{eventually_async, free_port};

use super::pod::{Pod, get, say, serve_http};
use super::{WEB, is_root, network, web};

async fn two_pods(network: &ClusterNetwork) -> (Pod, Pod) {
    (
        Pod::start(network, "default").await,
        Pod::start(network, "default").await,
    )
}

#[tokio::test]
async fn pods_reach_a_service_and_its_pods_take_turns() {
    if !is_root() {
        return;
    }
    let network = network(Vec::new()).await;
    let (client, a, b) = (
        Pod::start(&network, "default").await,
        Pod::start(&network, "default").await,
        Pod::start(&network, "default").await,
    );
    a.serve(8080, "a").await;
    b.serve(9090, "b").await;
    let errors = network
        .update(&[web(None, &[a.address(8080), b.address(9090)])])
        .await;
    assert!(errors.is_empty(), "{errors:?}");
    let mut heard = BTreeSet::new();
    for _ in 0..2 {
        let mut stream = client.connect(WEB).await.unwrap();
        heard.insert(say(&mut stream, "hello").await.unwrap());
    }
    assert_eq!(heard, BTreeSet::from(["hello a".into(), "hello b".into()]));
}

#[tokio::test]
async fn an_end_is_passed_on_by_itself() {
    if !is_root() {
        return;
    }
    let network = network(Vec::new()).await;
    let pod = Pod::start(&network, "default").await;
    pod.serve(8080, "a").await;
    network.update(&[web(None, &[pod.address(8080)])]).await;
    let mut stream = pod.connect(WEB).await.unwrap();
    stream.write_all(b"hello\n").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "hello a\nbye");
    eventually_async("the connection is counted no more", async || {
        (network.open_connections(pod.ip()) == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_host_port_leads_to_the_service() {
    if !is_root() {
        return;
    }
    let network = network(Vec::new()).await;
    let pod = Pod::start(&network, "default").await;
    pod.serve(8080, "a").await;
    let port = free_port();
    network
        .update(&[web(Some(port), &[pod.address(8080)])])
        .await;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    assert_eq!(say(&mut stream, "hello").await.unwrap(), "hello a");

    // Nobody is ready: the port stays ours, and what connects is told at once.
    network.update(&[web(Some(port), &[])]).await;
    let mut refused = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    assert_eq!(
        refused.read_u8().await.unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    assert_eq!(say(&mut stream, "still").await.unwrap(), "still a");

    // No Service, no port.
    network.update(&[]).await;
    let error = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_taken_host_port_is_reported_and_tried_again() {
    if !is_root() {
        return;
    }
    let network = network(Vec::new()).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let service = [web(Some(port), &[])];
    let errors = network.update(&service).await;
    assert!(
        matches!(errors[..], [ClusterNetworkError::HostPort { .. }]),
        "{errors:?}"
    );
    assert!(
        errors[0]
            .to_string()
            .starts_with("Service default/web: cannot listen on 127.0.0.1:")
    );
    drop(taken);
    assert!(network.update(&service).await.is_empty());
}

#[tokio::test]
async fn without_a_ready_pod_the_service_refuses_at_once() {
    if !is_root() {
        return;
    }
    let network = network(Vec::new()).await;
    let pod = Pod::start(&network, "default").await;
    network.update(&[web(None, &[])]).await;
    assert_eq!(
        pod.connect(WEB).await.unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    // Listed as ready, yet nobody listens.
    network.update(&[web(None, &[pod.address(1)])]).await;
    let mut stream = pod.connect(WEB).await.unwrap();
    assert_eq!(
        stream.read_u8().await.unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}

#[tokio::test]
async fn a_pod_that_refuses_is_passed_over() {
    if !is_root() {
        return;
    }
    let network = network(Vec::new()).await;
    let (dead, alive) = two_pods(&network).await;
    alive.serve(8080, "alive").await;
    network
        .update(&[web(None, &[dead.address(8080), alive.address(8080)])])
        .await;
    for _ in 0..4 {
        let mut stream = alive.connect(WEB).await.unwrap();
        assert_eq!(say(&mut stream, "who").await.unwrap(), "who alive");
    }
}

#[tokio::test]
async fn a_leaving_pod_keeps_its_connections_and_gets_no_more() {
    if !is_root() {
        return;
    }
    let network = network(Vec::new()).await;
    let (old, new) = two_pods(&network).await;
    old.serve(8080, "old").await;
    new.serve(8080, "new").await;
    network.update(&[web(None, &[old.address(8080)])]).await;
    let mut kept = new.connect(WEB).await.unwrap();
    assert_eq!(say(&mut kept, "1").await.unwrap(), "1 old");
    network.update(&[web(None, &[new.address(8080)])]).await;
    let mut fresh = new.connect(WEB).await.unwrap();
    assert_eq!(say(&mut fresh, "2").await.unwrap(), "2 new");
    assert_eq!(say(&mut kept, "3").await.unwrap(), "3 old");
    assert_eq!(network.open_connections(old.ip()), 1);
    drop(kept);
    network.drained(old.ip()).await;
    assert_eq!(network.open_connections(old.ip()), 0);
}

/// A client that keeps its HTTP connection is moved to another pod between two requests.
#[tokio::test]
async fn a_kept_http_connection_goes_on_with_another_pod() {
    if !is_root() {
        return;
    }
    let network = network(Vec::new()).await;
    let (old, new) = two_pods(&network).await;
    let serving = serve_http(&old, 8080, "old").await;
    serve_http(&new, 8080, "new").await;
    network.update(&[web(None, &[old.address(8080)])]).await;
    let mut stream = new.connect(WEB).await.unwrap();
    assert_eq!(get(&mut stream).await.unwrap().trim(), "old");
    // Nobody else is ready: the old pod keeps it.
    network.update(&[web(None, &[])]).await;
    assert_eq!(get(&mut stream).await.unwrap().trim(), "old");
    network.update(&[web(None, &[new.address(8080)])]).await;
    network.drained(old.ip()).await;
    serving.abort();
    network.remove_pod(old.ip()).await.unwrap();
    assert_eq!(get(&mut stream).await.unwrap().trim(), "new");
}

#[tokio::test]
async fn a_removed_pods_connections_break() {
    if !is_root() {
        return;
    }
    let network = network(Vec::new()).await;
    let (pod, client) = two_pods(&network).await;
    pod.serve(8080, "a").await;
    network.update(&[web(None, &[pod.address(8080)])]).await;
    let mut stream = client.connect(WEB).await.unwrap();
    assert_eq!(say(&mut stream, "1").await.unwrap(), "1 a");
    network.remove_pod(pod.ip()).await.unwrap();
    assert_eq!(
        stream.read_u8().await.unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}

#[tokio::test]
async fn endpoints_switch_without_a_failed_request() {
    switch_endpoints(false).await;
}

#[tokio::test]
async fn endpoints_switch_without_a_failed_request_on_a_kept_connection() {
    switch_endpoints(true).await;
}

/// Pods come and go as in a rollout while a client asks without a pause.
async fn switch_endpoints(keep: bool) {
    if !is_root() {
        return;
    }
    let network = network(Vec::new()).await;
    let port = free_port();
    let (stop, asked) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut current = Pod::start(&network, "default").await;
    let mut serving = serve_http(&current, 8080, "pod").await;
    network
        .update(&[web(Some(port), &[current.address(8080)])])
        .await;
    let client = tokio::spawn({
        let (stop, asked) = (stop.clone(), asked.clone());
        async move {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                .await
                .unwrap();
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(get(&mut stream).await.unwrap().trim(), "pod");
                if !keep {
                    stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                        .await
                        .unwrap();
                }
                asked.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    for _ in 0..20 {
        let next = Pod::start(&network, "default").await;
        let next_serving = serve_http(&next, 8080, "pod").await;
        network
            .update(&[web(Some(port), &[next.address(8080)])])
            .await;
        network.drained(current.ip()).await;
        serving.abort();
        network.remove_pod(current.ip()).await.unwrap();
        let before = asked.load(Ordering::Relaxed);
        eventually_async("the client goes on", async || {
            (asked.load(Ordering::Relaxed) > before || client.is_finished()).then_some(())
        })
        .await;
        (current, serving) = (next, next_serving);
    }
    stop.store(true, Ordering::Relaxed);
    client.await.unwrap();
}
