use std::collections::HashMap;
use std::future;

use tokio::task::{Id, JoinSet};
use towpath_model::ProjectName;

/// What goes on for projects at the same time, one task a project. All of it ends when this is dropped.
#[derive(Default)]
pub(crate) struct ProjectTasks {
    tasks: JoinSet<()>,
    projects: HashMap<Id, ProjectName>,
}

impl ProjectTasks {
    pub(crate) fn len(&self) -> usize {
        self.projects.len()
    }

    pub(crate) fn has(&self, project: &ProjectName) -> bool {
        self.projects.values().any(|other| other == project)
    }

    pub(crate) fn start(
        &mut self,
        project: ProjectName,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let id = self.tasks.spawn(work).id();
        self.projects.insert(id, project);
    }

    /// Waits until one has ended, in whatever way; for ever while there is none. Cancel safe.
    pub(crate) async fn ended(&mut self) {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            // The panic was printed; its project is looked at again.
            Some(Err(panic)) => panic.id(),
            None => return future::pending().await,
        };
        self.projects.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_project_whose_task_panicked_may_have_another() {
        let (hello, billing) = ("hello".parse().unwrap(), "billing".parse().unwrap());
        let mut tasks = ProjectTasks::default();
        tasks.start(ProjectName::clone(&billing), future::pending());
        tasks.start(ProjectName::clone(&hello), async { panic!("on purpose") });
        assert!(tasks.has(&hello));
        tasks.ended().await;
        assert!(!tasks.has(&hello));
        assert!(tasks.has(&billing), "it goes on");
        assert_eq!(tasks.len(), 1);
    }
}
