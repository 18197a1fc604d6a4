use serde::{Deserialize, Serialize};

/// How work ended. A user's failure is this value; a failure of Towpath itself is an `Err`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    Succeeded,
    /// One sentence, for the person who has to act: what failed and why.
    Failed {
        reason: String,
    },
    Cancelled,
}
