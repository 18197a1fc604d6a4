//! The server is killed at random moments. Nothing that was acknowledged may be lost, done twice or left behind.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use towpath_testkit::{
    Kube, KubeNamespace, TowpathServer, WorkTree, answers, eventually, eventually_async,
    eventually_none, kube,
};

use crate::program::program;

const PROJECT: &str = "hello";
const CLUSTER: &str = "test";
const KILLS: u32 = 50;
const KILLS_ON_KUBERNETES: u32 = 10;
/// The whole way of a push takes about this long, so that a kill may hit any part of it.
const LONGEST: u64 = 1500;

struct Scene {
    /// A copy of the program: what runs from it is ours.
    program: PathBuf,
    data: PathBuf,
    listen: String,
    tree: WorkTree,
    _folder: TempDir,
}

#[tokio::test]
async fn killed_at_any_moment_it_loses_nothing_that_was_acknowledged() {
    let scene = Scene::new();
    let server = scene.start().await;
    server.create_project(PROJECT).await.unwrap();
    let server = scene.survives(server, kills(KILLS)).await;
    let page = scene.page_of(&last(&all_finished(&server).await));
    answers(&server.app_url(PROJECT).await, &page)
        .await
        .unwrap();
    server.stop().await.unwrap();
    scene.nothing_is_left();
}

#[tokio::test]
async fn killed_at_any_moment_it_leaves_kubernetes_with_the_last_release_and_nothing_else() {
    let Some(kube) = kube() else { return };
    let namespace = kube.namespace(&[]).await.unwrap();
    let scene = Scene::new();
    let server = scene.start().await;
    create_project_on(&kube, &namespace, &server).await;
    let server = scene.survives(server, kills(KILLS_ON_KUBERNETES)).await;
    let last = last(&all_finished(&server).await);
    let path = format!("/api/v1/projects/{PROJECT}/executions/{}", last["number"]);
    let released = server.get(&path).await.unwrap()["release"]["image"].clone();
    let path = format!("/apis/apps/v1/namespaces/{}/deployments", namespace.name());
    let deployments = kube.get(&path).await.unwrap()["items"].clone();
    assert_eq!(
        deployments.as_array().map(Vec::len),
        Some(1),
        "{deployments:#}"
    );
    let running = &deployments[0]["spec"]["template"]["spec"]["containers"][0]["image"];
    assert_eq!(*running, released);
    server.stop().await.unwrap();
    scene.nothing_is_left();
}

#[tokio::test]
async fn killed_in_the_middle_of_a_request_it_leaves_no_git() {
    let scene = Scene::new();
    for service in ["git-receive-pack", "git-upload-pack"] {
        let server = scene.start().await;
        if service == "git-receive-pack" {
            server.create_project(PROJECT).await.unwrap();
        }
        let _waiting = start_request(&server, service).await;
        eventually("git to start", || scene.runs("git-http-backend"));
        server.kill().await.unwrap();
        scene.nothing_is_left();
    }
}

/// Sends all of a request but the end of its content.
async fn start_request(server: &TowpathServer, service: &str) -> TcpStream {
    let mut connection = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "POST /git/{PROJECT}.git/{service} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/x-{service}-request\r\nContent-Length: 1000\r\n\r\n0",
        server.token()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection
}

fn kills(default: u32) -> u32 {
    std::env::var("TOWPATH_KILLS").map_or(default, |count| count.parse().unwrap())
}

async fn create_project_on(kube: &Kube, namespace: &KubeNamespace, server: &TowpathServer) {
    let kubeconfig = std::fs::read_to_string(kube.kubeconfig()).unwrap();
    let connection = json!({"method": "kubeconfig", "kubeconfig": kubeconfig});
    let cluster = json!({"name": CLUSTER, "connection": connection});
    let project = json!({"name": PROJECT, "cluster": CLUSTER, "namespace": namespace.name()});
    for (path, body) in [("/api/v1/clusters", cluster), ("/api/v1/projects", project)] {
        server.call(Method::POST, path, Some(&body)).await.unwrap();
    }
}

impl Scene {
    /// Pushes and kills, again and again; then all that was acknowledged is there, once, and whole.
    async fn survives(&self, server: TowpathServer, kills: u32) -> TowpathServer {
        let mut random = Random::from_time();
        println!("seed {}", random.0);
        let acknowledged = self.kill_again_and_again(server, kills, &mut random).await;
        assert!(!acknowledged.is_empty(), "no push was ever acknowledged");
        let server = self.start().await;
        let executions = all_finished(&server).await;
        each_push_has_one_execution(&acknowledged, &executions);
        numbers_have_no_gap(&executions);
        artifacts_are_whole(&server, &executions).await;
        let last = last(&executions);
        assert_eq!(last["status"], "succeeded", "{last:#}");
        server
    }

    async fn kill_again_and_again(
        &self,
        server: TowpathServer,
        kills: u32,
        random: &mut Random,
    ) -> Vec<String> {
        let mut server = Some(server);
        let mut acknowledged = Vec::new();
        for round in 0..kills {
            let running = match server.take() {
                Some(running) => running,
                None => self.start().await,
            };
            acknowledged.extend(self.push_and_kill(running, round, random).await);
            self.nothing_is_left();
        }
        acknowledged
    }
}

fn last(executions: &[Value]) -> Value {
    let last = executions
        .iter()
        .max_by_key(|execution| execution["number"].as_i64());
    last.unwrap().clone()
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("towpath-under-test");
        std::fs::copy(program(), &copy).unwrap();
        Self {
            program: copy,
            data: folder.path().join("data"),
            listen: free_address(),
            tree: WorkTree::prebuilt(PROJECT, 1, "echo building; sleep 0.1").unwrap(),
            _folder: folder,
        }
    }

    async fn start(&self) -> TowpathServer {
        TowpathServer::start_at(&self.program, &self.data, &self.listen, &[])
            .await
            .unwrap()
    }

    /// What the app of this execution answers. The last push of all may have been killed before it arrived.
    fn page_of(&self, execution: &Value) -> String {
        let commit = execution["commit"].as_str().unwrap();
        self.tree.git(&["show", &format!("{commit}:page")]).unwrap()
    }

    /// Pushes while a kill is on its way; gives the commit if the push was acknowledged.
    async fn push_and_kill(
        &self,
        server: TowpathServer,
        round: u32,
        random: &mut Random,
    ) -> Option<String> {
        self.tree.write("page", format!("version {round}")).unwrap();
        let commit = self.tree.commit(&format!("Version {round}")).unwrap();
        let delay = Duration::from_millis(random.below(LONGEST));
        let (url, folder) = (server.git_url(PROJECT), self.tree.path().to_owned());
        let push = tokio::process::Command::new("git")
            .current_dir(folder)
            .args(["push", "--quiet", &url, "main"])
            .env("GIT_TERMINAL_PROMPT", "0")
            .stderr(std::process::Stdio::null())
            .status();
        let push = tokio::spawn(push);
        kill_after(server, delay).await;
        let pushed = push.await.unwrap().unwrap();
        pushed.success().then_some(commit)
    }

    /// No process runs from our copy of the program, and no mount or working folder names our data.
    fn nothing_is_left(&self) {
        eventually_none("the killed server's processes", || {
            let left = self.leftovers();
            left.iter().map(|process| describe(process)).collect()
        });
    }

    fn runs(&self, program: &str) -> Option<PathBuf> {
        let exe = |process: &PathBuf| std::fs::read_link(process.join("exe")).unwrap_or_default();
        let mut processes = self.leftovers().into_iter();
        processes.find(|process| exe(process).ends_with(program))
    }

    fn leftovers(&self) -> Vec<PathBuf> {
        let processes = std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .map(|entry| entry.path());
        processes.filter(|process| self.is_ours(process)).collect()
    }

    fn is_ours(&self, process: &Path) -> bool {
        let link = |name: &str| std::fs::read_link(process.join(name)).unwrap_or_default();
        let mounts = std::fs::read_to_string(process.join("mountinfo")).unwrap_or_default();
        let data = self.data.to_string_lossy();
        link("exe").starts_with(&self.program)
            || link("cwd").starts_with(&self.data)
            || mounts.lines().any(|line| line.contains(data.as_ref()))
    }
}

/// What it is and what it waits for.
fn describe(process: &Path) -> Vec<String> {
    let text = |name: &str| {
        let bytes = std::fs::read(process.join(name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).replace('\0', " ");
        format!("{name}: {}", text.trim())
    };
    let link = |name: &str| format!("{name}: {:?}", std::fs::read_link(process.join(name)));
    let texts = ["stat", "cmdline", "wchan", "syscall", "stack"].map(text);
    let links = ["exe", "cwd"].map(link);
    [process.display().to_string()]
        .into_iter()
        .chain(texts)
        .chain(links)
        .collect()
}

async fn kill_after(server: TowpathServer, delay: Duration) {
    let mut clock = tokio::time::interval_at(
        tokio::time::Instant::now() + delay,
        delay.max(Duration::from_millis(1)),
    );
    clock.tick().await;
    server.kill().await.unwrap();
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn all_finished(server: &TowpathServer) -> Vec<Value> {
    let path = format!("/api/v1/projects/{PROJECT}/executions?limit=200");
    eventually_async("all executions to end", || async {
        let list = server.get(&path).await.ok()?;
        let executions = list["executions"].as_array()?.clone();
        let ended = executions
            .iter()
            .all(|execution| execution["finished_at"].is_string());
        (ended && !executions.is_empty()).then_some(executions)
    })
    .await
}

fn each_push_has_one_execution(acknowledged: &[String], executions: &[Value]) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for execution in executions {
        *counts
            .entry(execution["commit"].as_str().unwrap())
            .or_default() += 1;
    }
    for commit in acknowledged {
        assert_eq!(
            counts.get(commit.as_str()),
            Some(&1),
            "executions of acknowledged {commit}"
        );
    }
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
}

fn numbers_have_no_gap(executions: &[Value]) {
    let mut numbers: Vec<i64> = executions
        .iter()
        .filter_map(|execution| execution["number"].as_i64())
        .collect();
    numbers.sort_unstable();
    let expected: Vec<i64> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected);
}

/// Every artifact that is visible can be fetched and has the digest that it says.
async fn artifacts_are_whole(server: &TowpathServer, executions: &[Value]) {
    for execution in executions {
        let path = format!(
            "/api/v1/projects/{PROJECT}/executions/{}",
            execution["number"]
        );
        let whole = server.get(&path).await.unwrap();
        for artifact in whole["artifacts"].as_array().unwrap() {
            let name = artifact["name"].as_str().unwrap();
            let url = format!("{}{path}/artifacts/{name}", server.url());
            let request = reqwest::Client::new().get(url).bearer_auth(server.token());
            let content = request.send().await.unwrap().bytes().await.unwrap();
            let digest = towpath_model::Digest::of(&content).to_string();
            assert_eq!(artifact["digest"], digest, "{name} of {path}");
        }
    }
}

/// Small and reproducible: xorshift64*.
struct Random(u64);

impl Random {
    fn from_time() -> Self {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        Self(u64::try_from(since.as_nanos() & u128::from(u64::MAX)).unwrap() | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % limit
    }
}
