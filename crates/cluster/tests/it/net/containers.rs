//! Real programs in real sandboxes, as root and, through [`super::plain_user`], as somebody else.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;

use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use towpath_cluster::local::net::{ClusterNetwork, PodPlace};
use towpath_model::workspace::{Command, Exit};
use towpath_sandbox::{Host, HostRoot, Mount, Network, Process, RootFs, Sandbox, Spec};
use towpath_testkit::{eventually_async, free_port, require};

use super::{host, web};

/// The machine's own tools on a pod's network.
struct Container {
    place: PodPlace,
    sandbox: Sandbox,
    _files: TempDir,
}

impl Container {
    async fn start(host: &Host, network: &ClusterNetwork) -> Self {
        let place = network.add_pod(&"default".parse().unwrap()).await.unwrap();
        let files = TempDir::new().unwrap();
        let resolv_conf = files.path().join("resolv.conf");
        std::fs::write(&resolv_conf, &place.resolv_conf).unwrap();
        let root = HostRoot {
            home: "/".into(),
            hide: Vec::new(),
            scratch: None,
        };
        let mut spec = Spec::new(RootFs::Host(root));
        spec.mounts = vec![Mount::bind(resolv_conf, "/etc/resolv.conf")];
        let namespaces = place.namespaces.clone();
        spec.network = Network::Join {
            user: namespaces.user,
            net: namespaces.net,
        };
        let sandbox = Sandbox::start(host, spec).await.unwrap();
        Self {
            place,
            sandbox,
            _files: files,
        }
    }

    async fn exec(&self, script: &str) -> Process {
        let command = Command {
            argv: ["/bin/sh", "-c", script].map(String::from).into(),
            env: BTreeMap::from([("PATH".into(), "/usr/bin:/bin:/usr/sbin:/sbin".into())]),
            working_dir: None,
            timeout: None,
        };
        self.sandbox.exec(&command).await.unwrap()
    }

    async fn output(&self, script: &str) -> (String, Exit) {
        let mut process = self.exec(script).await;
        let mut output = String::new();
        process.read_to_string(&mut output).await.unwrap();
        (output, process.wait().await.unwrap())
    }

    /// Serves one page on port 80, and waits until it does.
    async fn serve(&self, network: &ClusterNetwork, page: &str) -> Process {
        let script = format!(
            "mkdir /tmp/www; echo {page} >/tmp/www/index.html; exec busybox httpd -f -p 80 -h /tmp/www"
        );
        let process = self.exec(&script).await;
        let address = self.address();
        eventually_async("the pod serves", async || {
            network.connect(address).await.ok()
        })
        .await;
        process
    }

    fn address(&self) -> SocketAddrV4 {
        SocketAddrV4::new(self.place.ip, 80)
    }
}

#[tokio::test]
async fn pods_talk_by_name_and_the_machine_by_port() {
    let (Some(_), Some(_)) = (require("busybox"), require("curl")) else {
        return;
    };
    let host = host().await;
    let network = ClusterNetwork::start(&host, Vec::new()).await.unwrap();
    let server = Container::start(&host, &network).await;
    let client = Container::start(&host, &network).await;
    let _serving = server.serve(&network, "hello").await;
    let port = free_port();
    let errors = network
        .update(&[web(Some(port), &[server.address()])])
        .await;
    assert!(errors.is_empty(), "{errors:?}");

    for name in [
        "web",
        "web.default",
        "web.default.svc",
        "web.default.svc.cluster.local",
    ] {
        let (page, exit) = client
            .output(&format!("curl --silent --show-error http://{name}/"))
            .await;
        assert_eq!((page.as_str(), exit), ("hello\n", Exit::Code(0)), "{name}");
    }
    // A pod reaches itself through its Service, and its own address.
    let own = format!(
        "curl --silent http://web/ http://{}/ http://localhost/",
        server.place.ip
    );
    assert_eq!(server.output(&own).await.0, "hello\nhello\nhello\n");
    let (_, exit) = client.output("curl --silent http://api/").await;
    assert_eq!(exit, Exit::Code(6), "curl: could not resolve host");

    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET / HTTP/1.0\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("hello\n"), "{answer}");
}

#[tokio::test]
async fn a_pod_that_is_killed_breaks_its_connections_and_is_passed_over() {
    let (Some(_), Some(_)) = (require("busybox"), require("curl")) else {
        return;
    };
    let host = host().await;
    let network = ClusterNetwork::start(&host, Vec::new()).await.unwrap();
    let (a, b) = (
        Container::start(&host, &network).await,
        Container::start(&host, &network).await,
    );
    let (_a, _b) = (a.serve(&network, "a").await, b.serve(&network, "b").await);
    network
        .update(&[web(None, &[a.address(), b.address()])])
        .await;
    let ip = a.place.ip;
    a.sandbox.stop().await.unwrap();
    for _ in 0..4 {
        assert_eq!(b.output("curl --silent http://web/").await.0, "b\n");
    }
    network.remove_pod(ip).await.unwrap();
}
