//! Everything before the first action: the parts, the commit and the plan.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use towpath_model::{
    ClusterName, Event, ExecutionKey, Project, ProjectName, RefName, StartRequested, Timestamp,
    Trigger,
};
use towpath_pipeline::kept::KeepFailed;
use towpath_pipeline::plan::{self, Held};
use towpath_sandbox::remove_tree;
use towpath_store::{NewExecution, StoredEvent};
use towpath_web::{App, WebConfig};
use url::Url;

use super::cache;
use super::select::{Wanted, deploys, select};
use super::snapshot::{Snapshot, Tree};
use crate::cli::run::RunOptions;
use crate::server::{Config, DataFolder, Parts};

/// Names images and the repository; nobody listens there (RFC 6761, 6.3).
const NOWHERE: &str = "http://towpath.localhost";
const GRACE: Duration = Duration::from_secs(5);
/// A plain user's copies of the machine's folders are made again after so long, since packages come and go.
const MACHINE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long the end of a run waits for its files to be gone. What is left then, the next run removes.
const TIDYING: Duration = Duration::from_secs(2);

/// A run that can start.
pub struct Prepared {
    pub parts: Parts,
    pub app: App,
    pub key: ExecutionKey,
    /// What runs, for people.
    pub title: String,
    deploy_left_out: bool,
    data: DataFolder,
}

pub async fn prepare(options: &RunOptions) -> Result<Prepared> {
    let data = cache::open(options.cache.as_deref())?;
    let config = config(options, &data);
    let web = web_config()?;
    let (snapshot, parts) =
        tokio::try_join!(snapshot(options, &data), Parts::open(&config, &data, &web))?;
    let (tree, project, snapshot) = snapshot;
    tidy(&parts, &data);
    let machine = &parts.machine;
    parts.host.reuse_machine_folders(machine, MACHINE).await?;
    parts.store.forget_projects().await?;
    parts.store.create_project(&project).await?;
    let key = start(&parts, &project, &snapshot).await?;
    let deploy_left_out = plan(&parts, options, &project, &snapshot, &key).await?;
    Ok(Prepared {
        title: title(&tree, &project.name, &snapshot),
        app: parts.app(web),
        parts,
        key,
        deploy_left_out,
        data,
    })
}

impl Prepared {
    /// What to add when there was something to deploy.
    pub fn not_deployed(&self) -> &'static str {
        match self.deploy_left_out {
            true => "; not deployed: that takes --deploy",
            false => "",
        }
    }

    /// Ends what is left and removes what the run needed.
    pub async fn close(self) {
        if let Ok(cluster) = self.parts.clusters.local() {
            cluster.shutdown(GRACE).await;
        }
        let work = self.data.join("work");
        let removed = tokio::time::timeout(TIDYING, remove_tree(&self.parts.host, &work)).await;
        if let Ok(Err(error)) = removed {
            tracing::warn!(%error, "the next run removes what this one leaves");
        }
    }
}

/// What runs, written to where [`Parts`] look for the project's repository.
async fn snapshot(options: &RunOptions, data: &DataFolder) -> Result<(Tree, Project, Snapshot)> {
    let tree = Tree::find(&options.dir).await?;
    let project = project(options, &tree)?;
    let private = data.join("repos").join(format!("{}.git", project.name));
    let snapshot = tree.commit(&private).await?;
    Ok((tree, project, snapshot))
}

fn config(options: &RunOptions, data: &DataFolder) -> Config {
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut config = Config::local(data.path().to_owned(), nobody);
    config.build = options.build.clone();
    config.local_cluster = options.deploy;
    if options.shell_on_failure {
        config.keep_failed = KeepFailed::UntilTheEnd;
    }
    config
}

fn web_config() -> Result<WebConfig> {
    Ok(WebConfig {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        public_url: Some(Url::parse(NOWHERE)?),
        behind_proxy: false,
        tls: None,
    })
}

/// Removes what earlier runs left, and once a day what was not used for long, behind everybody's back.
fn tidy(parts: &Parts, data: &DataFolder) {
    tokio::spawn(cache::collect(
        parts.collector.clone(),
        data.join("collected"),
    ));
    let (host, old) = (parts.host.clone(), cache::old(data));
    tokio::spawn(async move {
        if let Err(error) = remove_tree(&host, &old).await {
            tracing::warn!(%error, "the next run removes what an earlier one left");
        }
    });
}

fn project(options: &RunOptions, tree: &Tree) -> Result<Project> {
    let name = match &options.project {
        Some(name) => name.clone(),
        None => tree.project()?,
    };
    Ok(Project {
        branch: RefName::branch(tree.branch())?,
        cluster: ClusterName::local(),
        namespace: name.default_namespace(),
        created_at: now(),
        name,
    })
}

/// An execution of the commit, through the same door as one that somebody asks a server for.
async fn start(parts: &Parts, project: &Project, snapshot: &Snapshot) -> Result<ExecutionKey> {
    let event = Event::StartRequested(StartRequested {
        project: project.name.clone(),
        commit: snapshot.commit.clone(),
        request: "run".to_owned(),
    });
    parts.store.record_event(&event, now()).await?;
    let events = parts.store.unhandled_events().await?;
    let [event]: [StoredEvent; 1] = events
        .try_into()
        .map_err(|_| anyhow::anyhow!("the cache holds another run: remove it"))?;
    let new = NewExecution {
        project: project.name.clone(),
        trigger: Trigger::Manual,
        ref_name: project.branch.clone(),
        commit: snapshot.commit.clone(),
        title: snapshot.title.clone(),
        author: String::new(),
    };
    Ok(parts.store.create_execution(&event, &new, now()).await?)
}

/// Plans what is wanted. True when there is a deployment that was not asked for.
async fn plan(
    parts: &Parts,
    options: &RunOptions,
    project: &Project,
    snapshot: &Snapshot,
    key: &ExecutionKey,
) -> Result<bool> {
    let held = Held::read(&parts.repositories, &project.name, &snapshot.commit).await?;
    let planned = plan::universal(project, &held)?;
    let wanted = Wanted {
        stage: options.stage.clone(),
        action: options.action.clone(),
        deploy: options.deploy,
    };
    let kept = select(&planned.pipeline, &wanted)?;
    let can_deploy = |pipeline: &towpath_model::pipeline::Pipeline| {
        let mut actions = pipeline.stages.iter().flat_map(|stage| &stage.actions);
        actions.any(deploys)
    };
    if let (true, Err(why)) = (can_deploy(&kept), parts.clusters.local()) {
        bail!("nothing can be deployed to this machine: {why}");
    }
    parts.engine.expect(key, &kept);
    parts
        .store
        .set_pipeline(key, &kept, &planned.explanation, now())
        .await
        .context("cannot keep the plan")?;
    Ok(can_deploy(&planned.pipeline) && !can_deploy(&kept))
}

fn title(tree: &Tree, project: &ProjectName, snapshot: &Snapshot) -> String {
    let folder = tree.folder.display();
    match tree.is_repository() {
        true => format!("{project} {}", snapshot.title),
        false => format!(
            "{project}: {folder} is no git repository: all its files are taken but those that a .gitignore names"
        ),
    }
}

pub fn now() -> Timestamp {
    SystemTime::now().into()
}
