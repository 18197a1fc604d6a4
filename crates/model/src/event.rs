use serde::{Deserialize, Serialize};

use crate::{CommitId, ProjectName, RefName};

/// Everything that can set work in motion. Closed: a new cause is a new variant, and the compiler finds its consumers.
///
/// **Architecture invariant:** every event has one door in and one row, under a key that makes a
/// second arrival free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    RefUpdated(RefUpdated),
    StartRequested(StartRequested),
}

impl Event {
    pub fn project(&self) -> &ProjectName {
        match self {
            Event::RefUpdated(event) => &event.project,
            Event::StartRequested(event) => &event.project,
        }
    }

    /// Two events with the same key are the same event.
    pub fn key(&self) -> String {
        match self {
            Event::RefUpdated(e) => {
                format!("ref/{}/{}/{}", e.project, e.ref_name, e.generation)
            }
            Event::StartRequested(e) => format!("start/{}/{}", e.project, e.request),
        }
    }
}

/// A ref moved, was created (`old` is none) or deleted (`new` is none).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefUpdated {
    pub project: ProjectName,
    pub ref_name: RefName,
    pub old: Option<CommitId>,
    pub new: Option<CommitId>,
    /// Counts the moves of this ref that we saw, from 1.
    pub generation: i64,
}

/// Somebody asked for an execution of the branch as it stands (CodePipeline: StartPipelineExecution).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartRequested {
    pub project: ProjectName,
    pub commit: CommitId,
    /// The client's request token: the same token starts one execution.
    pub request: String,
}
