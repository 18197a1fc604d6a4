//! How the worker, a static program, finds the server by its name in an image that holds nothing.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// As this package's build script made it, to be part of the server.
const WORKER: &str = env!("TOWPATH_WORKER");
const NAME: &str = "server.towpath.test";
/// `/etc/resolv.conf` names no ports, so the DNS server has an address of its own.
const DNS: Ipv4Addr = Ipv4Addr::new(127, 53, 71, 9);
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn the_worker_finds_the_server_by_name_in_an_empty_image() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root may listen on port 53 and change the root folder");
        return;
    }
    let socket = UdpSocket::bind((DNS, 53)).unwrap();
    thread::spawn(move || answer(&socket));
    let nameserver = format!("nameserver {DNS}\n");
    let search = format!("search example.test towpath.test\n{nameserver}options ndots:5\n");
    let hosts = format!("127.0.0.1 localhost {NAME}\n");
    // Services of this list are shared libraries, which are not there: the others are asked all the same.
    let switch = "hosts: mymachines mdns4_minimal resolve files myhostname dns\n";
    for (name, files) in [
        (NAME, vec![("resolv.conf", nameserver.as_str())]),
        ("server", vec![("resolv.conf", search.as_str())]),
        (NAME, vec![("hosts", hosts.as_str())]),
        (
            NAME,
            vec![
                ("resolv.conf", nameserver.as_str()),
                ("nsswitch.conf", switch),
            ],
        ),
    ] {
        assert_called(name, &files);
    }
}

fn assert_called(name: &str, files: &[(&str, &str)]) {
    let root = image(files);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let _worker = Worker::start(root.path(), &format!("http://{name}:{port}/work/v1/job"));
    let request = first_request(listener);
    let host = format!("Host: {name}:{port}\r\n");
    assert!(
        request.starts_with("GET /work/v1/job HTTP/1.1\r\n") && request.contains(&host),
        "{files:?}: {request}"
    );
}

/// The worker, `/etc` with these files, and folders to mount and work in.
fn image(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for folder in ["etc", "dev", "proc", "codebuild"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    for (name, content) in files {
        fs::write(root.path().join("etc").join(name), content).unwrap();
    }
    fs::copy(WORKER, root.path().join("towpath-worker")).unwrap();
    root
}

fn first_request(listener: TcpListener) -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 4096];
        let length = stream.read(&mut head).unwrap();
        stream
            .write_all(b"HTTP/1.1 401 Unauthorized\r\n\r\n")
            .unwrap();
        sender.send(String::from_utf8_lossy(&head[..length]).into_owned())
    });
    receiver.recv_timeout(PATIENCE).expect("the worker calls")
}

struct Worker(Child);

impl Worker {
    /// In mounts of its own, which end with it.
    fn start(root: &Path, url: &str) -> Self {
        let script = "mount --bind /dev \"$0/dev\" && mount -t proc proc \"$0/proc\" && \
                      exec chroot \"$0\" /towpath-worker";
        let child = Command::new("unshare")
            .args(["--mount", "sh", "-c", script])
            .arg(root)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("TOWPATH_WORK_URL", url)
            .env("TOWPATH_WORK_TOKEN", "token")
            .env("TOWPATH_WORK_FOLDER", "/codebuild")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _ended_already = self.0.wait();
    }
}

/// A DNS server (RFC 1035, 4.1) that knows one address of one name.
fn answer(socket: &UdpSocket) {
    let mut query = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut query) {
        if let Some(answer) = reply(&query[..length]) {
            send(socket, &answer, from);
        }
    }
}

fn send(socket: &UdpSocket, answer: &[u8], to: SocketAddr) {
    if let Err(error) = socket.send_to(answer, to) {
        eprintln!("a DNS answer is lost: {error}");
    }
}

fn reply(query: &[u8]) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    let end = HEADER + query.get(HEADER..)?.iter().position(|byte| *byte == 0)? + 1;
    let question = query.get(HEADER..end + 4)?;
    let is_known = question[..end - HEADER] == wire(NAME);
    let is_address = question[end - HEADER..] == [0, 1, 0, 1];
    let answers = u8::from(is_known && is_address);
    // Recursion available; no such name unless it is ours.
    let code = if is_known { 0x80 } else { 0x83 };
    let mut reply = query[..2].to_vec();
    reply.extend([0x81, code, 0, 1, 0, answers, 0, 0, 0, 0]);
    reply.extend(question);
    if answers == 1 {
        // The question's name, A, IN, a minute, four bytes.
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    Some(reply)
}

fn wire(name: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    for label in name.split('.') {
        wire.push(u8::try_from(label.len()).unwrap());
        wire.extend(label.as_bytes());
    }
    wire.push(0);
    wire
}
