use std::collections::BTreeMap;

use towpath_model::{CommitId, ProjectName, RefName, RefUpdated, Timestamp};

use crate::process::{ask, output};
use crate::{GitError, Repositories};

/// 64 MiB are half a million refs.
const REFS_LIMIT: usize = 64 << 20;
const FORMAT: &str =
    "--format=%(objecttype) %(objectname) %(*objecttype) %(*objectname) %(refname)";

impl Repositories {
    /// Compares the repository's refs with those last seen and commits an event for each that moved; gives
    /// the events. The one function for pushes and for the tick.
    ///
    /// A ref to an annotated tag counts as the commit that it leads to; refs to anything that is not a
    /// commit are left out.
    pub async fn observe(
        &self,
        project: &ProjectName,
        now: Timestamp,
    ) -> Result<Vec<RefUpdated>, GitError> {
        // Reading and writing down must not interleave with another's: the older state would win.
        let _lock = self.lock(project).await;
        let refs = self.refs(project).await?;
        Ok(self.inner.store.observe_refs(project, &refs, now).await?)
    }

    /// The tick: [`Self::observe`] for all projects that have a repository. One that fails stops no other. Also
    /// removes what a killed git left.
    pub async fn observe_all(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(ProjectName, Result<Vec<RefUpdated>, GitError>)>, GitError> {
        let mut observed = Vec::new();
        for project in self.inner.store.projects().await? {
            if self.exists(&project.name) {
                let updates = self.tick(&project.name, now).await;
                observed.push((project.name, updates));
            }
        }
        Ok(observed)
    }

    async fn tick(
        &self,
        project: &ProjectName,
        now: Timestamp,
    ) -> Result<Vec<RefUpdated>, GitError> {
        self.remove_leftovers(project)?;
        self.observe(project, now).await
    }

    /// The refs that lead to commits.
    pub async fn refs(
        &self,
        project: &ProjectName,
    ) -> Result<BTreeMap<RefName, CommitId>, GitError> {
        self.refs_under(project, None).await
    }

    /// The commit that a ref leads to; `None` when there is no such ref or it leads to no commit.
    pub async fn resolve(
        &self,
        project: &ProjectName,
        name: &RefName,
    ) -> Result<Option<CommitId>, GitError> {
        Ok(self.refs_under(project, Some(name)).await?.remove(name))
    }

    /// All refs, or one and those for which it is a folder.
    async fn refs_under(
        &self,
        project: &ProjectName,
        name: Option<&RefName>,
    ) -> Result<BTreeMap<RefName, CommitId>, GitError> {
        let mut command = self.git(project)?;
        command
            .args(["for-each-ref", FORMAT])
            .args(name.map(RefName::as_str));
        let listing = output(command, REFS_LIMIT).await?;
        let mut refs = BTreeMap::new();
        for line in listing
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let (name, target) = Target::parse(line)?;
            let commit = match target {
                Target::Commit(commit) => Some(commit),
                Target::NestedTag => self.peel(project, &name).await?,
                Target::Other => None,
            };
            refs.extend(commit.map(|commit| (name, commit)));
        }
        Ok(refs)
    }

    async fn peel(
        &self,
        project: &ProjectName,
        name: &RefName,
    ) -> Result<Option<CommitId>, GitError> {
        let mut command = self.git(project)?;
        command
            .args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
            .arg(format!("{}^{{commit}}", name.as_str()));
        let answer = ask(command, 4096).await?;
        if !answer.success {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&answer.stdout);
        let commit = text.trim_end().parse();
        commit
            .map(Some)
            .map_err(|_| GitError::unexpected("rev-parse", &answer.stdout))
    }
}

enum Target {
    Commit(CommitId),
    /// A tag of a tag; for-each-ref looks only one step far.
    NestedTag,
    Other,
}

impl Target {
    /// Reads one line of [`FORMAT`].
    fn parse(line: &[u8]) -> Result<(RefName, Self), GitError> {
        let unexpected = || GitError::unexpected("for-each-ref", line);
        let text = std::str::from_utf8(line).map_err(|_| unexpected())?;
        let fields: Vec<&str> = text.splitn(5, ' ').collect();
        let &[kind, id, peeled_kind, peeled_id, name] = &fields[..] else {
            return Err(unexpected());
        };
        let name: RefName = name.parse().map_err(|_| unexpected())?;
        let commit = |id: &str| id.parse().map(Self::Commit).map_err(|_| unexpected());
        let target = match (kind, peeled_kind) {
            ("commit", _) => commit(id)?,
            ("tag", "commit") => commit(peeled_id)?,
            ("tag", "tag") => Self::NestedTag,
            _ => Self::Other,
        };
        Ok((name, target))
    }
}
