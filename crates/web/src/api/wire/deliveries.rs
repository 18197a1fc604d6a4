use serde::{Deserialize, Serialize};
use towpath_model::Timestamp;
use towpath_store::StoredDelivery;
use utoipa::ToSchema;

/// What a git host sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryDocument {
    pub id: i64,
    pub received_at: String,
    pub provider: String,
    /// Where it was sent to.
    pub path: String,
    pub project: Option<String>,
    pub repository: Option<String>,
    pub event: String,
    /// pending, done, ignored, failed or refused.
    #[schema(example = "done")]
    pub state: String,
    /// What moved, or why nothing is done about it.
    pub reason: String,
    /// Of the whole body, in bytes.
    pub size: u64,
    pub handled_at: Option<String>,
    /// The body's first 64 KiB; lists leave it out, and of what was refused nothing is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// A page of deliveries, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryList {
    pub deliveries: Vec<DeliveryDocument>,
    /// The `before` of the next page; none on the last one.
    pub next: Option<i64>,
}

impl DeliveryDocument {
    pub(crate) fn new(delivery: &StoredDelivery) -> Self {
        Self {
            id: delivery.id,
            received_at: delivery.received_at.to_string(),
            provider: delivery.provider.to_string(),
            path: delivery.path.clone(),
            project: delivery.project.as_ref().map(ToString::to_string),
            repository: delivery.repository.as_ref().map(ToString::to_string),
            event: delivery.event.clone(),
            state: delivery.state.as_str().to_owned(),
            reason: delivery.reason.clone(),
            size: delivery.size,
            handled_at: delivery.handled_at.map(|at: Timestamp| at.to_string()),
            body: delivery.body.clone(),
        }
    }
}
