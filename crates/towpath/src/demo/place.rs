//! Where the demo deploys to: this machine, or a cluster that is named on the command line.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use console::style;
use towpath_model::{ClusterName, Namespace};
use towpath_web::api::wire::{AppDocument, ClusterCheckDocument, ProjectDocument};

use super::{PROJECT, say};
use crate::cli::DemoOptions;
use crate::client::Client;
use crate::commands::cluster;

/// How long a page elsewhere is tried for: addresses and routes of a cluster come after its pods.
const PATIENCE: Duration = Duration::from_secs(10);
const INTERVAL: Duration = Duration::from_millis(250);
const TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Clone)]
pub enum Place {
    ThisMachine,
    Cluster {
        name: ClusterName,
        namespace: Option<Namespace>,
    },
}

/// Where the deployed page is seen.
#[derive(Clone)]
pub enum Page {
    At(String),
    /// It rolled out, which the cluster says; from here it cannot be fetched.
    OutOfReach {
        why: String,
    },
}

impl Place {
    pub fn of(options: &DemoOptions) -> Self {
        match options.cluster.clone() {
            None => Self::ThisMachine,
            Some(name) => Self::Cluster {
                name,
                namespace: options.namespace.clone(),
            },
        }
    }

    pub fn cluster(&self) -> ClusterName {
        match self {
            Self::ThisMachine => ClusterName::local(),
            Self::Cluster { name, .. } => name.clone(),
        }
    }

    pub fn namespace(&self) -> Option<&Namespace> {
        match self {
            Self::ThisMachine => None,
            Self::Cluster { namespace, .. } => namespace.as_ref(),
        }
    }

    /// Makes the cluster known to the server, if it is not this machine, and sees that it can be deployed to.
    pub async fn prepare(&self, client: &Client, options: &DemoOptions) -> Result<()> {
        let (Self::Cluster { name, namespace }, Some(file)) = (self, &options.kubeconfig) else {
            return Ok(());
        };
        let (connection, notes) = cluster::from_kubeconfig(file, options.context.as_deref())?;
        let added = cluster::register(client, name, connection, true).await?;
        let namespace = namespace.as_ref().map_or(PROJECT, Namespace::as_str);
        let path = format!("/clusters/{name}/check?namespace={namespace}");
        let checked: ClusterCheckDocument = client.get(&path).await?;
        if let Some(problem) = checked.problem {
            bail!("{problem}");
        }
        say(&format!(
            "Cluster {name} at {}, Kubernetes {}",
            added.server.unwrap_or_default(),
            checked
                .version
                .as_deref()
                .unwrap_or("of an unknown version")
        ));
        for note in notes {
            say(&format!("note: {note}"));
        }
        if !checked.missing.is_empty() {
            let missing = checked.missing.join(", ");
            say(&format!(
                "note: its account may not do everything: {missing}"
            ));
        }
        Ok(())
    }

    /// Fetches the page and sees that it has the colour.
    pub async fn page(&self, client: &Client, colour: &str) -> Result<Page> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let why = match (address(client).await?, self) {
                (None, Self::ThisMachine) => bail!("the Service has no address on this machine"),
                (None, _) => "the Service has no address outside of the cluster".to_owned(),
                (Some(url), _) => match (fetch(&url).await, self) {
                    (Ok(text), _) if has_colour(&text, colour) => return Ok(seen(url, colour)),
                    (Ok(text), Self::ThisMachine) => {
                        bail!("{url} does not answer the {colour} page but: {text}")
                    }
                    (Ok(_), _) => format!("{url} answers with another page than the {colour} one"),
                    (Err(error), Self::ThisMachine) => return Err(error),
                    (Err(_), _) => format!("{url} does not answer from here"),
                },
            };
            if Instant::now() >= deadline {
                say(&format!("no page was fetched: {why}"));
                return Ok(Page::OutOfReach { why });
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// For the closing table: where the page is, or what is known of it instead.
    pub async fn app(&self, client: &Client, page: &Page) -> Result<String> {
        if let Page::At(url) = page {
            return Ok(url.clone());
        }
        let app: AppDocument = client.get(&format!("/projects/{PROJECT}/app")).await?;
        let ready = app.pods.iter().filter(|pod| pod.ready).count();
        Ok(format!(
            "{}, {ready} of {} pods ready on {}",
            app.health,
            app.pods.len(),
            self.cluster()
        ))
    }
}

async fn address(client: &Client) -> Result<Option<String>> {
    let project: ProjectDocument = client.get(&format!("/projects/{PROJECT}")).await?;
    Ok(project.app_urls.first().cloned())
}

async fn fetch(url: &str) -> Result<String> {
    let client = reqwest::Client::builder().timeout(TIMEOUT).build()?;
    let answer = client.get(url).send().await?.error_for_status()?;
    answer.text().await.with_context(|| url.to_owned())
}

fn has_colour(page: &str, colour: &str) -> bool {
    page.contains(&format!("background:{colour}\""))
}

fn seen(url: String, colour: &str) -> Page {
    say(&format!("{url} answers: {}", style(colour).bold()));
    Page::At(url)
}
