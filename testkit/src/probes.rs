use std::time::Duration;

use anyhow::{Context, Result};

use crate::{TowpathServer, eventually_async};

impl TowpathServer {
    /// Where the project's app answers, as soon as it has an address.
    pub async fn app_url(&self, project: &str) -> String {
        let path = format!("/api/v1/projects/{project}");
        eventually_async("the app's URL", || async {
            let project = self.get(&path).await.ok()?;
            project["app_urls"][0].as_str().map(str::to_owned)
        })
        .await
    }
}

/// Waits until the address answers exactly this text.
pub async fn answers(url: &str, expected: &str) -> Result<()> {
    let client = visitor()?;
    eventually_async(&format!("{url} to answer {expected:?}"), || async {
        let text = client.get(url).send().await.ok()?.text().await.ok()?;
        (text == expected).then_some(())
    })
    .await;
    Ok(())
}

/// A client that comes anew each time and does not wait long. It speaks plain HTTP only: reading the machine's
/// hundreds of root certificates would take the processor from what is being measured.
pub fn visitor() -> Result<reqwest::Client> {
    reqwest::Client::builder()
        .tls_certs_only([])
        .pool_max_idle_per_host(0)
        .timeout(Duration::from_secs(5))
        .build()
        .context("a client")
}
