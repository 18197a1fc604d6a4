use std::collections::BTreeMap;

use tempfile::TempDir;
use towpath_model::{
    ActionKey, ClusterName, CommitId, ExecutionKey, Project, ProjectName, RefName, Status,
    Timestamp, Trigger,
};
use towpath_store::{NewExecution, Store};

pub(crate) const NOW: Timestamp = Timestamp(1_000);

pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) project: ProjectName,
    pub(crate) folder: TempDir,
}

impl Fixture {
    /// A store with one project.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let project: ProjectName = "hello".parse().unwrap();
        store.create_project(&a_project(&project)).await.unwrap();
        Self {
            store,
            project,
            folder,
        }
    }

    /// What another server sees that opens the same folder.
    pub(crate) async fn reopened(&self) -> Store {
        Store::open(self.folder.path()).await.unwrap()
    }

    /// Lets `main` point at a commit and gives the executions that come of it.
    pub(crate) async fn push(&self, digit: char) -> ExecutionKey {
        let refs = BTreeMap::from([(main(), commit(digit))]);
        self.store
            .observe_refs(&self.project, &refs, NOW)
            .await
            .unwrap();
        let events = self.store.unhandled_events().await.unwrap();
        let event = events.last().expect("an event");
        let new = NewExecution {
            project: self.project.clone(),
            trigger: Trigger::Push,
            ref_name: main(),
            commit: commit(digit),
            title: format!("Commit {digit}"),
            author: "Ann".to_owned(),
        };
        self.store.create_execution(event, &new, NOW).await.unwrap()
    }

    pub(crate) async fn finish(&self, execution: &ExecutionKey, outcome: Status) {
        let finished = self.store.finish_execution(execution, outcome, None, NOW);
        finished.await.unwrap();
    }

    /// Removes all executions but the newest ones, and gives the numbers of those that went.
    pub(crate) async fn retain(&self, newest: u32) -> Vec<i64> {
        let removed = self.store.remove_old_executions(&self.project, newest);
        let removed = removed.await.unwrap();
        removed.iter().map(|removed| removed.number.0).collect()
    }
}

pub(crate) fn a_project(name: &ProjectName) -> Project {
    Project {
        name: name.clone(),
        branch: main(),
        cluster: ClusterName::local(),
        namespace: name.default_namespace(),
        created_at: NOW,
    }
}

pub(crate) fn main() -> RefName {
    "refs/heads/main".parse().unwrap()
}

pub(crate) fn commit(digit: char) -> CommitId {
    digit.to_string().repeat(40).parse().unwrap()
}

pub(crate) fn action(execution: &ExecutionKey, name: &str) -> ActionKey {
    ActionKey {
        execution: execution.clone(),
        stage: name.parse().unwrap(),
        action: name.parse().unwrap(),
    }
}
