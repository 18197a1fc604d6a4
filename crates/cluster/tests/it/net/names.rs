use std::net::{Ipv4Addr, SocketAddr};

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use towpath_cluster::local::net::NAME_SERVER;

use super::pod::Pod;
use super::{is_root, network, web};

fn question(name: &str, kind: RecordType) -> Vec<u8> {
    let mut question = Message::query();
    question.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    question.to_vec().unwrap()
}

async fn ask(pod: &Pod, name: &str) -> (ResponseCode, Vec<String>) {
    let socket = pod.udp().await;
    socket
        .send_to(&question(name, RecordType::A), (NAME_SERVER, 53))
        .await
        .unwrap();
    let mut packet = [0; 4096];
    let (length, from) = socket.recv_from(&mut packet).await.unwrap();
    assert_eq!(from, SocketAddr::from((NAME_SERVER, 53)));
    read(&packet[..length])
}

fn read(packet: &[u8]) -> (ResponseCode, Vec<String>) {
    let answer = Message::from_vec(packet).unwrap();
    let data = answer.answers.iter().map(|record| record.data.to_string());
    (answer.metadata.response_code, data.collect())
}

#[tokio::test]
async fn services_have_names() {
    if !is_root() {
        return;
    }
    let network = network(Vec::new()).await;
    let pod = Pod::start(&network, "default").await;
    network.update(&[web(None, &[])]).await;
    let (code, data) = ask(&pod, "web.default.svc.cluster.local.").await;
    assert_eq!(
        (code, data),
        (ResponseCode::NoError, vec!["10.43.0.20".into()])
    );
    let (code, _) = ask(&pod, "api.default.svc.cluster.local.").await;
    assert_eq!(code, ResponseCode::NXDomain);
    // No resolvers.
    let (code, _) = ask(&pod, "example.com.").await;
    assert_eq!(code, ResponseCode::ServFail);
}

#[tokio::test]
async fn names_are_answered_by_tcp_too() {
    if !is_root() {
        return;
    }
    let network = network(Vec::new()).await;
    let pod = Pod::start(&network, "default").await;
    network.update(&[web(None, &[])]).await;
    let mut stream = pod
        .connect(std::net::SocketAddrV4::new(NAME_SERVER, 53))
        .await
        .unwrap();
    for _ in 0..2 {
        let question = question("web.default.svc.cluster.local.", RecordType::A);
        stream
            .write_u16(question.len().try_into().unwrap())
            .await
            .unwrap();
        stream.write_all(&question).await.unwrap();
        let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(read(&answer).1, ["10.43.0.20"]);
    }
}

#[tokio::test]
async fn other_names_are_asked_of_the_machines_resolvers() {
    if !is_root() {
        return;
    }
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let resolver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let resolvers = vec![silent.local_addr().unwrap(), resolver.local_addr().unwrap()];
    tokio::spawn(async move {
        let mut packet = [0; 512];
        let (length, from) = resolver.recv_from(&mut packet).await.unwrap();
        let mut answer = Message::from_vec(&packet[..length])
            .unwrap()
            .into_response();
        answer.metadata.response_code = ResponseCode::Refused;
        resolver
            .send_to(&answer.to_vec().unwrap(), from)
            .await
            .unwrap();
    });
    let network = network(resolvers).await;
    let pod = Pod::start(&network, "default").await;
    assert_eq!(ask(&pod, "example.com.").await.0, ResponseCode::Refused);
}
