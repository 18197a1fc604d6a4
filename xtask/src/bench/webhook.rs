//! Deliveries of webhooks that the server takes: each is a row on disk before it is answered. In the middle of
//! it the server is killed, and what was acknowledged is counted.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use towpath_testkit::TowpathServer;

use super::figures::Samples;

const CLIENTS: u64 = 32;
const TIME: Duration = Duration::from_secs(10);
/// When the server is killed in the second round.
const KILL: Duration = Duration::from_secs(3);
/// GitLab's scheme, since its signature is the secret itself.
const SECRET: &str = "a-secret-that-nobody-guesses";
const PATH: &str = "/webhooks/gitlab/bench";
/// About the size of a push of a few commits.
const COMMITS: usize = 8000;

/// What a client saw.
#[derive(Default)]
struct Seen {
    latencies: Vec<Duration>,
    acknowledged: Vec<i64>,
}

pub(crate) async fn run(program: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = start(program, &folder).await?;
    let next = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let seen = join(clients(&server, &next, TIME)).await?;
    print(&seen, began.elapsed());
    let clients = clients(&server, &next, TIME);
    tokio::time::sleep(KILL).await;
    server.kill().await?;
    let killed = join(clients).await?;
    let server = TowpathServer::start(program, &folder.path().join("data"), &[]).await?;
    count(&server, &killed).await?;
    server.stop().await
}

async fn start(program: &Path, folder: &TempDir) -> Result<TowpathServer> {
    let server = TowpathServer::start(program, &folder.path().join("data"), &[]).await?;
    // Nothing listens there: the deliveries are kept until something does.
    let project = json!({ "name": "bench", "remote": { "url": "http://127.0.0.1:1/acme/bench",
        "provider": "gitlab", "webhook_secret": SECRET, "poll_seconds": 0 } });
    server
        .call(Method::POST, "/api/v1/projects", Some(&project))
        .await?;
    Ok(server)
}

type Clients = Vec<tokio::task::JoinHandle<Seen>>;

fn clients(server: &TowpathServer, next: &Arc<AtomicU64>, time: Duration) -> Clients {
    let (url, http) = (format!("{}{PATH}", server.url()), Client::new());
    let one = |_| tokio::spawn(deliver(http.clone(), url.clone(), Arc::clone(next), time));
    (0..CLIENTS).map(one).collect()
}

/// One delivery after another, until the time is over or the server is gone.
async fn deliver(http: Client, url: String, next: Arc<AtomicU64>, time: Duration) -> Seen {
    let mut seen = Seen::default();
    let body = json!({ "object_kind": "push", "ref": "refs/heads/main", "after": "a".repeat(40),
        "commits": "c".repeat(COMMITS) })
    .to_string();
    let end = Instant::now() + time;
    while Instant::now() < end {
        let id = next.fetch_add(1, Ordering::Relaxed);
        let sent = Instant::now();
        let request = http
            .post(&url)
            .header("X-Gitlab-Event", "Push Hook")
            .header("X-Gitlab-Token", SECRET)
            .header("Idempotency-Key", format!("delivery-{id}"))
            .body(body.clone());
        let Ok(response) = request.send().await else {
            break;
        };
        let accepted = response.status() == 202;
        let Ok(answer) = response.json::<Value>().await else {
            break;
        };
        if let (true, Some(delivery)) = (accepted, answer["delivery"].as_i64()) {
            seen.latencies.push(sent.elapsed());
            seen.acknowledged.push(delivery);
        }
    }
    seen
}

async fn join(clients: Clients) -> Result<Seen> {
    let mut all = Seen::default();
    for client in clients {
        let seen = client.await?;
        all.latencies.extend(seen.latencies);
        all.acknowledged.extend(seen.acknowledged);
    }
    Ok(all)
}

fn print(seen: &Seen, took: Duration) {
    let mut samples = Samples::default();
    seen.latencies
        .iter()
        .for_each(|latency| samples.push(*latency));
    let rate = seen.acknowledged.len() as f64 / took.as_secs_f64();
    println!("\nWebhooks of 8 kB, {CLIENTS} clients, each durable before it is answered");
    println!("  {rate:.0} deliveries a second");
    println!("  {}", samples.line("a delivery, as the git host waits"));
}

/// Each that was acknowledged must be there after the kill.
async fn count(server: &TowpathServer, killed: &Seen) -> Result<()> {
    let newest = server.get("/api/v1/deliveries?limit=1").await?;
    let newest = newest["deliveries"][0]["id"]
        .as_i64()
        .context("a delivery")?;
    let mut kept = std::collections::BTreeSet::new();
    let mut before = newest + 1;
    let first = killed
        .acknowledged
        .iter()
        .min()
        .context("an acknowledged delivery")?;
    while before > *first {
        let path = format!("/api/v1/deliveries?limit=200&before={before}");
        let page = server.get(&path).await?;
        let ids = page["deliveries"].as_array().context("deliveries")?;
        let ids: Vec<i64> = ids.iter().filter_map(|one| one["id"].as_i64()).collect();
        before = *ids.iter().min().context("an id")?;
        kept.extend(ids);
    }
    let lost = killed
        .acknowledged
        .iter()
        .filter(|id| !kept.contains(id))
        .count();
    println!(
        "  killed after {} s: {} acknowledged, {lost} lost",
        KILL.as_secs(),
        killed.acknowledged.len()
    );
    ensure!(
        lost == 0,
        "{lost} deliveries were acknowledged and are gone"
    );
    Ok(())
}
