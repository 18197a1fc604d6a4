use std::collections::{BTreeMap, BTreeSet};

use askama::filters::HtmlSafe;
use towpath_model::{ClusterName, Namespace, Project, ProjectName, Timestamp};
use towpath_store::{LeftApp, StoreError, StoredCluster};

use super::markup::Ago;
use crate::App;
use crate::api::ApiError;
use crate::clock::now;
use crate::cluster_looks::{Found, Look};

/// Where rights are asked for while no project is deployed to a cluster.
const NAMESPACE: &str = "default";

/// A cluster as far as the server knows it: a page never waits for one.
pub(super) struct ClusterParts {
    pub(super) name: ClusterName,
    /// None for `local`.
    pub(super) added: Option<StoredCluster>,
    /// Why containers cannot run on this machine.
    problem: Option<String>,
    look: Option<Look>,
    pub(super) users: Vec<User>,
    /// What projects that are gone have left there.
    pub(super) left: Vec<LeftApp>,
    now: Timestamp,
}

/// What an account may not do in a namespace.
pub(super) struct Rights<'a> {
    pub(super) namespace: &'a Namespace,
    /// By what it may not be done to: `deployments.apps`.
    pub(super) missing: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Rights<'a> {
    fn new((namespace, rights): &'a (Namespace, Vec<String>)) -> Self {
        let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (verb, resource) in rights.iter().filter_map(|right| right.split_once(' ')) {
            missing.entry(resource).or_default().push(verb);
        }
        Self { namespace, missing }
    }
}

/// A project that is deployed to a cluster, or builds there.
pub(super) struct User {
    pub(super) project: Project,
    pub(super) deploys: bool,
    pub(super) builds: bool,
    /// When what its namespace pulls with was made.
    pulls_since: Option<Timestamp>,
    now: Timestamp,
}

/// All clusters, `local` first.
pub(super) async fn all(app: &App) -> Result<Vec<ClusterParts>, ApiError> {
    let facts = Facts::read(app).await?;
    let mut all = vec![facts.local(app)];
    let added = app.clusters.added().await?;
    all.extend(
        added
            .into_iter()
            .map(|cluster| facts.elsewhere(app, cluster)),
    );
    Ok(all)
}

pub(super) async fn one(app: &App, name: &ClusterName) -> Result<ClusterParts, ApiError> {
    let facts = Facts::read(app).await?;
    if *name == ClusterName::local() {
        return Ok(facts.local(app));
    }
    let row = app.clusters.row(name).await?;
    Ok(facts.elsewhere(app, row))
}

/// What the rows say of projects and clusters.
struct Facts {
    projects: Vec<Project>,
    builds: BTreeSet<(ProjectName, ClusterName)>,
    pulls: BTreeMap<(ProjectName, ClusterName, Namespace), Timestamp>,
    left: Vec<LeftApp>,
    now: Timestamp,
}

impl Facts {
    async fn read(app: &App) -> Result<Self, StoreError> {
        let pulls = app.store.deployed_pulls().await?.into_iter();
        let builds = app.store.build_projects().await?;
        Ok(Self {
            projects: app.store.projects().await?,
            builds: builds.into_iter().collect(),
            left: app.store.left_apps().await?,
            pulls: pulls
                .map(|pull| {
                    let scope = pull.scope;
                    (
                        (scope.project, scope.cluster, scope.namespace),
                        pull.made_at,
                    )
                })
                .collect(),
            now: now(),
        })
    }

    fn local(&self, app: &App) -> ClusterParts {
        let name = ClusterName::local();
        ClusterParts {
            users: self.users(&name),
            left: Vec::new(),
            name,
            added: None,
            problem: app.clusters.local().err().map(str::to_owned),
            look: None,
            now: self.now,
        }
    }

    fn elsewhere(&self, app: &App, cluster: StoredCluster) -> ClusterParts {
        let users = self.users(&cluster.name);
        let of_it = |left: &&LeftApp| left.cluster == cluster.name;
        let left = self.left.iter().filter(of_it).cloned().collect();
        let look = app.cluster_looks.last(app, &cluster, namespaces(&users));
        ClusterParts {
            name: cluster.name.clone(),
            added: Some(cluster),
            problem: None,
            look,
            users,
            left,
            now: self.now,
        }
    }

    fn users(&self, cluster: &ClusterName) -> Vec<User> {
        let user = |project: &Project| {
            let name = &project.name;
            let builds = self.builds.contains(&(name.clone(), cluster.clone()));
            let deploys = project.cluster == *cluster;
            let scope = (name.clone(), cluster.clone(), project.namespace.clone());
            (deploys || builds).then(|| User {
                project: project.clone(),
                deploys,
                builds,
                pulls_since: self.pulls.get(&scope).copied(),
                now: self.now,
            })
        };
        self.projects.iter().filter_map(user).collect()
    }
}

/// Where its projects are, each once; where nobody is, what a first one would need.
fn namespaces(users: &[User]) -> Vec<Namespace> {
    let used: BTreeSet<&Namespace> = users.iter().map(|user| &user.project.namespace).collect();
    match used.is_empty() {
        true => NAMESPACE.parse().into_iter().collect(),
        false => used.into_iter().cloned().collect(),
    }
}

impl ClusterParts {
    pub(super) fn kind(&self) -> &'static str {
        match self.added {
            Some(_) => "Kubernetes",
            None => "this machine",
        }
    }

    pub(super) fn standing(&self) -> Standing {
        match (&self.added, &self.problem, &self.look) {
            (None, None, _) => Standing::Ready,
            (None, Some(_), _) => Standing::Unavailable,
            (Some(_), _, None) => Standing::Checking,
            (Some(_), _, Some(look)) => match &look.found {
                Err(_) => Standing::Unreachable,
                Ok(found) if found.lacks_rights() => Standing::LacksRights,
                Ok(_) => Standing::Reachable,
            },
        }
    }

    /// Why nothing can be deployed there.
    pub(super) fn reason(&self) -> Option<&str> {
        let unreachable = || self.look.as_ref()?.found.as_ref().err().map(String::as_str);
        self.problem.as_deref().or_else(unreachable)
    }

    fn found(&self) -> Option<&Found> {
        self.look.as_ref()?.found.as_ref().ok()
    }

    /// The URL of its API server.
    pub(super) fn server(&self) -> Option<&str> {
        let added = self.added.as_ref()?;
        Some(added.server.trim_end_matches('/'))
    }

    pub(super) fn version(&self) -> Option<&str> {
        Some(&self.found()?.version)
    }

    pub(super) fn lacks_rights(&self) -> bool {
        self.found().is_some_and(Found::lacks_rights)
    }

    pub(super) fn checked(&self) -> Option<Ago> {
        let at = self.look.as_ref()?.at;
        Some(Ago { at, now: self.now })
    }

    pub(super) fn credentials(&self) -> Option<Ago> {
        let at = self.added.as_ref()?.updated_at;
        Some(Ago { at, now: self.now })
    }

    /// Where the rights were asked for, and which are missing.
    pub(super) fn rights(&self) -> Vec<Rights<'_>> {
        let missing = self.found().map_or(&[][..], |found| &found.missing);
        missing.iter().map(Rights::new).collect()
    }

    pub(super) fn since(&self, left: &LeftApp) -> Ago {
        Ago {
            at: left.left_at,
            now: self.now,
        }
    }

    pub(super) fn used_by(&self) -> String {
        match self.users.len() {
            0 => "no project".to_owned(),
            1 => "1 project".to_owned(),
            count => format!("{count} projects"),
        }
    }
}

impl Found {
    fn lacks_rights(&self) -> bool {
        self.missing.iter().any(|(_, missing)| !missing.is_empty())
    }
}

impl User {
    pub(super) fn what(&self) -> &'static str {
        match (self.deploys, self.builds) {
            (true, true) => "deploys and builds",
            (false, true) => "builds",
            (_, false) => "deploys",
        }
    }

    pub(super) fn pulls(&self) -> Option<Ago> {
        let at = self.pulls_since?;
        Some(Ago { at, now: self.now })
    }
}

/// Whether something can be deployed to a cluster, as word, colour and shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// `local`, which is always there.
    Ready,
    /// `local`, on a machine that runs no containers.
    Unavailable,
    Checking,
    Reachable,
    LacksRights,
    Unreachable,
}

impl Standing {
    pub(super) fn word(self) -> &'static str {
        self.look_and_word().1
    }

    fn look_and_word(self) -> (&'static str, &'static str) {
        match self {
            Self::Ready => ("succeeded", "ready"),
            Self::Unavailable => ("failed", "unavailable"),
            Self::Checking => ("running", "checking"),
            Self::Reachable => ("succeeded", "reachable"),
            Self::LacksRights => ("waiting", "lacks rights"),
            Self::Unreachable => ("failed", "unreachable"),
        }
    }
}

impl HtmlSafe for Standing {}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (look, word) = self.look_and_word();
        write!(f, r#"<span class="st {look}">{word}</span>"#)
    }
}
