//! `towpath demo`: the whole way, on this machine or to a cluster, with the real parts.

mod example;
mod place;
mod prober;
mod report;
mod work_tree;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use console::style;
use tempfile::TempDir;
use towpath_model::Status;
use towpath_web::api::wire::{ExecutionDocument, ExecutionList, NewProject, ProjectDocument};

use crate::cli::DemoOptions;
use crate::client::Client;
use crate::exit::Verdict;
use crate::server::{self, Config, Server};
use crate::{live, output};
use place::{Page, Place};
use prober::{Prober, Probes};
use work_tree::WorkTree;

const PROJECT: &str = "hello";
const FIRST: &str = "blue";
const SECOND: &str = "lightskyblue";
/// How long a push may take until its execution is there.
const PATIENCE: Duration = Duration::from_secs(10);
const INTERVAL: Duration = Duration::from_millis(10);
/// Lines of the log that are shown of what failed.
const LOG_TAIL: usize = 20;

pub async fn run(options: DemoOptions) -> Result<Verdict> {
    let start = Instant::now();
    let (data, temporary) = data_folder(options.data.clone())?;
    let server = server::start(config(&options, data.clone())).await?;
    let demo = Demo::new(&server, &options)?;
    let outcome = match demo.run(&options).await {
        Ok(()) if !options.keep => demo.tidy(&server).await,
        outcome => outcome,
    };
    let verdict = told(&outcome, start.elapsed());
    if let (Verdict::Problems, Place::Cluster { name, .. }) = (verdict, &demo.place) {
        println!("What was deployed to {name} is left there");
    }
    if options.keep {
        println!("The server is up at {}. Ctrl-C ends it.", server.url());
        if let Some(file) = server.token_file() {
            println!("Its token is in {}", file.display());
        }
        server::interrupted().await?;
        demo.tidy(&server).await?;
    }
    server.shutdown().await;
    keep_after_failure(temporary, &data, verdict);
    Ok(verdict)
}

fn told(outcome: &Result<()>, took: Duration) -> Verdict {
    match outcome {
        Ok(()) => {
            let ok = style("demo: ok").green().bold();
            println!("{ok} in {:.1} s", took.as_secs_f64());
            Verdict::Fine
        }
        Err(error) => {
            println!("{} {error:#}", style("demo: failed").red().bold());
            Verdict::Problems
        }
    }
}

/// The folder that was asked for, else a fresh one that goes away.
fn data_folder(asked: Option<PathBuf>) -> Result<(PathBuf, Option<TempDir>)> {
    match asked {
        Some(data) => Ok((data, None)),
        None => {
            let folder = tempfile::Builder::new().prefix("towpath-").tempdir()?;
            Ok((folder.path().to_owned(), Some(folder)))
        }
    }
}

fn config(options: &DemoOptions, data: PathBuf) -> Config {
    let token_file = Some(data.join("admin-token"));
    let mut config = Config::local(data, options.listen);
    config.token_file = token_file;
    config.build.isolation = options.isolation;
    config.public_url = options.public_url.clone();
    config.local_cluster = options.cluster.is_none();
    config
}

/// What a failed demo left is the best way to find out why.
fn keep_after_failure(temporary: Option<TempDir>, data: &std::path::Path, verdict: Verdict) {
    if let Some(folder) = temporary.filter(|_| verdict != Verdict::Fine) {
        let _kept = folder.keep();
        println!("The data is kept in {}", data.display());
    }
}

struct Demo {
    client: Client,
    token: String,
    dashboard: String,
    place: Place,
}

impl Demo {
    fn new(server: &Server, options: &DemoOptions) -> Result<Self> {
        let token = server.admin_token().context(
            "the data folder has a server's data already, whose token is not known; choose a fresh one with --data",
        )?;
        Ok(Self {
            client: Client::new(server.url().clone(), Some(token.to_owned())),
            token: token.to_owned(),
            dashboard: format!("{}projects/{PROJECT}", server.url()),
            place: Place::of(options),
        })
    }

    async fn run(&self, options: &DemoOptions) -> Result<()> {
        say(&format!("Server at {}", self.client.server()));
        self.place.prepare(&self.client, options).await?;
        let project = self.create_project().await?;
        let tree = WorkTree::new().await?;
        example::write(tree.path())?;
        let first = self
            .push(&tree, &project, 1, "Answer with a blue page")
            .await?;
        let page = self.place.page(&self.client, FIRST).await?;

        example::change_colour(tree.path(), FIRST, SECOND)?;
        let prober = match &page {
            Page::At(url) => Some(Prober::start(url.clone())?),
            Page::OutOfReach { .. } => None,
        };
        let second = self
            .push(&tree, &project, 2, "Change the page to lightskyblue")
            .await;
        let probes = match prober {
            Some(prober) => Some(prober.stop().await?),
            None => None,
        };
        let second = second?;
        if let Some(probes) = probes {
            self.place.page(&self.client, SECOND).await?;
            no_failures(&probes)?;
        }

        let app = self.place.app(&self.client, &page).await?;
        println!(
            "\n{}\n",
            report::table(&[first, second], &app, &self.dashboard)
        );
        if let Page::OutOfReach { why } = &page {
            println!("Its page was not fetched: {why}. That it runs is what the cluster says.\n");
        }
        Ok(())
    }

    async fn create_project(&self) -> Result<ProjectDocument> {
        let new = NewProject {
            name: PROJECT.to_owned(),
            branch: None,
            cluster: Some(self.place.cluster().to_string()),
            namespace: self.place.namespace().map(ToString::to_string),
            remote: None,
        };
        say(&format!("Project {PROJECT}"));
        self.client.post("/projects", &new).await
    }

    /// Commits, pushes with the real git, and shows the execution until it has ended.
    async fn push(
        &self,
        tree: &WorkTree,
        project: &ProjectDocument,
        number: i64,
        message: &str,
    ) -> Result<ExecutionDocument> {
        let commit = tree.commit(message).await?;
        let short: String = commit.chars().take(7).collect();
        say(&format!("git push: {short} {message}"));
        tree.push(&project.clone_url, &self.token).await?;
        self.wait_for_execution(number).await?;
        let path = format!("/projects/{PROJECT}/executions/{number}");
        let execution = live::follow(async || self.client.get(&path).await).await?;
        match execution.summary.status {
            Status::Succeeded => Ok(execution),
            _ => bail!("{}", self.failure(&execution).await?),
        }
    }

    async fn wait_for_execution(&self, number: i64) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let list: ExecutionList = self
                .client
                .get(&format!("/projects/{PROJECT}/executions?limit=1"))
                .await?;
            if list
                .executions
                .iter()
                .any(|execution| execution.number >= number)
            {
                return Ok(());
            }
            tokio::time::sleep(INTERVAL).await;
        }
        bail!(
            "the push started no execution within {}",
            output::duration(PATIENCE)
        )
    }

    /// Names the stage, the reason and the log.
    async fn failure(&self, execution: &ExecutionDocument) -> Result<String> {
        let failed = execution.stages.iter().find_map(|stage| {
            let action = stage
                .actions
                .iter()
                .find(|action| action.status == Status::Failed)?;
            Some((stage, action))
        });
        let number = execution.summary.number;
        let Some((stage, action)) = failed else {
            let reason = execution
                .summary
                .reason
                .as_deref()
                .unwrap_or("no reason is known");
            return Ok(format!(
                "execution {number} {}: {reason}",
                execution.summary.status
            ));
        };
        let path = format!(
            "/projects/{PROJECT}/executions/{number}/actions/{}/{}/log",
            stage.name, action.name
        );
        let log = self.client.stream(&path).await?.text().await?;
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(LOG_TAIL)..].join("\n");
        let reason = action.reason.as_deref().unwrap_or("no reason is known");
        Ok(format!(
            "in stage {}: {reason}\nthe end of its log:\n{tail}",
            stage.name
        ))
    }

    /// A cluster elsewhere would go on running pods whose images are gone with this server.
    async fn tidy(&self, server: &Server) -> Result<()> {
        let Place::Cluster { name, .. } = &self.place else {
            return Ok(());
        };
        let removed = server.undeploy(name, &PROJECT.parse()?).await;
        let removed = removed.with_context(|| format!("cannot remove the demo from {name}"))?;
        say(&format!(
            "Removed from {name}: {removed} objects; the namespace stays"
        ));
        Ok(())
    }
}

fn no_failures(probes: &Probes) -> Result<()> {
    if let Some(first) = probes.failures.first() {
        let (failed, all) = (
            probes.failures.len(),
            probes.answered as usize + probes.failures.len(),
        );
        bail!("{failed} of {all} requests failed during the rollout; the first: {first}");
    }
    say(&format!(
        "{} requests through the rollout, none failed",
        probes.answered
    ));
    Ok(())
}

fn say(line: &str) {
    println!("{} {line}", style("▸").cyan());
}
