use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const INTERVAL: Duration = Duration::from_millis(100);
/// An answer later than this is a failed request.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks for the page ten times a second, over a new connection each time, as new visitors would.
pub struct Prober {
    stop: CancellationToken,
    task: JoinHandle<Probes>,
}

#[derive(Debug, Default)]
pub struct Probes {
    pub answered: u32,
    /// What went wrong, one line a failed request.
    pub failures: Vec<String>,
}

impl Prober {
    pub fn start(url: String) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .pool_max_idle_per_host(0)
            .timeout(PATIENCE)
            .build()?;
        let stop = CancellationToken::new();
        let task = tokio::spawn(probe(client, url, stop.clone()));
        Ok(Self { stop, task })
    }

    pub async fn stop(self) -> anyhow::Result<Probes> {
        self.stop.cancel();
        Ok(self.task.await?)
    }
}

async fn probe(client: reqwest::Client, url: String, stop: CancellationToken) -> Probes {
    let mut probes = Probes::default();
    let mut ticks = tokio::time::interval(INTERVAL);
    while !stop.is_cancelled() {
        ticks.tick().await;
        match ask(&client, &url).await {
            Ok(()) => probes.answered += 1,
            Err(error) => probes.failures.push(format!("{error:#}")),
        }
    }
    probes
}

async fn ask(client: &reqwest::Client, url: &str) -> anyhow::Result<()> {
    client
        .get(url)
        .send()
        .await?
        .error_for_status()?
        .text()
        .await?;
    Ok(())
}
