//! The loop that moves executions on: reads rows, asks [`decide`], does one step at a time.

mod attempts;
mod intake;
mod leftovers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;
use towpath_model::pipeline::Pipeline;
use towpath_model::{ExecutionKey, ProjectName, Status, Timestamp};
use towpath_store::{Execution, StoreError};

use crate::decide::{State, Step, decide};
use crate::services::Services;
use crate::spares::Spares;
use crate::{PipelineError, plan};
use attempts::Attempts;

/// How often the loop looks although nothing woke it.
const TICK: Duration = Duration::from_secs(2);
/// How long the loop rests after it could not read or write rows.
const RETRY: Duration = Duration::from_millis(500);

/// Runs the pipelines of all projects. Cheap to clone; [`Engine::run`] once.
#[derive(Clone)]
pub struct Engine {
    services: Arc<Services>,
    attempts: Attempts,
    spares: Spares,
}

impl Engine {
    pub fn new(services: Services) -> Self {
        Self {
            services: Arc::new(services),
            attempts: Attempts::default(),
            spares: Spares::default(),
        }
    }

    /// Begins to set up what the execution's build is going to want. For an execution whose plan is made elsewhere.
    pub fn expect(&self, key: &ExecutionKey, pipeline: &Pipeline) {
        self.spares.prepare(&self.services, key, pipeline);
    }

    /// Moves executions until `shutdown`. Actions that still run then are dropped and run again, as a new
    /// attempt, when the next server starts.
    pub async fn run(&self, shutdown: CancellationToken) {
        self.interrupt_leftovers().await;
        leftovers::remove_pods(&self.services);
        let work = async {
            loop {
                if let Err(error) = self.advance().await {
                    tracing::error!(%error, "the pipelines cannot move on; trying again");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
                let woken = self.services.store.signals().work();
                // Either the signal or the tick: both lead to another look.
                let _ = tokio::time::timeout(TICK, woken).await;
            }
        };
        tokio::select! {
            () = work => {}
            () = shutdown.cancelled() => {}
        }
        self.attempts.abandon().await;
    }

    async fn interrupt_leftovers(&self) {
        loop {
            match self.end_what_was_left().await {
                Ok(0) => return,
                Ok(count) => {
                    return tracing::info!(count, "actions of the last server run again");
                }
                Err(error) => tracing::error!(%error, "cannot read what the last server left"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Says how many actions there were.
    async fn end_what_was_left(&self) -> Result<u64, StoreError> {
        let store = &self.services.store;
        store.close_all_work().await?;
        store.interrupt_action_runs(now()).await
    }

    /// Does all that can be done now.
    async fn advance(&self) -> Result<(), PipelineError> {
        loop {
            intake::handle_events(&self.services).await?;
            let mut steps = Vec::new();
            for states in self.unfinished().await?.into_values() {
                steps.extend(decide(&states));
            }
            if !self.apply_all(steps).await? {
                return Ok(());
            }
        }
    }

    async fn unfinished(&self) -> Result<BTreeMap<ProjectName, Vec<State>>, StoreError> {
        let mut projects: BTreeMap<ProjectName, Vec<State>> = BTreeMap::new();
        for execution in self.services.store.unfinished_executions().await? {
            let runs = self.services.store.action_runs(&execution.key).await?;
            let project = execution.key.project.clone();
            projects
                .entry(project)
                .or_default()
                .push(State { execution, runs });
        }
        Ok(projects)
    }

    /// True when a step changed rows, so that there may be more to do.
    async fn apply_all(&self, steps: Vec<Step>) -> Result<bool, PipelineError> {
        let mut changed = false;
        for step in steps {
            changed |= self.apply(step).await?;
        }
        Ok(changed)
    }

    async fn apply(&self, step: Step) -> Result<bool, PipelineError> {
        let store = &self.services.store;
        match step {
            Step::Plan(key) => self.plan(&key).await?,
            Step::Start(action) => {
                let run = store.start_action(&action, now()).await?;
                self.attempts.spawn(&self.services, &self.spares, run);
            }
            Step::Cancel(run) => {
                self.attempts.cancel(&run);
                return Ok(false);
            }
            Step::Finish {
                execution,
                outcome,
                reason,
            } => {
                self.spares.discard(&execution);
                store
                    .finish_execution(&execution, outcome, reason.as_deref(), now())
                    .await?;
            }
        }
        Ok(true)
    }

    /// Plans an execution once; a commit that cannot be planned fails its execution.
    async fn plan(&self, key: &ExecutionKey) -> Result<(), PipelineError> {
        let store = &self.services.store;
        let Some(execution) = store.execution(key).await? else {
            return Ok(());
        };
        match self.universal_plan(&execution).await? {
            Ok(plan) => {
                store
                    .set_pipeline(key, &plan.pipeline, &plan.explanation, now())
                    .await?;
                // Builds in pods need none.
                if store.build_place(&key.project).await?.is_none() {
                    self.spares.prepare(&self.services, key, &plan.pipeline);
                }
            }
            Err(reason) => {
                store
                    .finish_execution(key, Status::Failed, Some(&reason), now())
                    .await?
            }
        }
        Ok(())
    }

    async fn universal_plan(
        &self,
        execution: &Execution,
    ) -> Result<Result<plan::Plan, String>, PipelineError> {
        let key = &execution.key;
        let Some(project) = self.services.store.project(&key.project).await? else {
            return Ok(Err(format!("project {} does not exist", key.project)));
        };
        let held =
            plan::Held::read(&self.services.repositories, &key.project, &execution.commit).await;
        Ok(match held {
            Ok(held) => plan::universal(&project, &held).map_err(|error| error.to_string()),
            Err(error) => Err(format!(
                "cannot read commit {}: {error}",
                execution.commit.short()
            )),
        })
    }
}

pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}
