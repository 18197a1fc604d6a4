//! AWS CodeCommit: an EventBridge event, or what its triggers write to SNS, each as it is or in an SNS envelope.

use serde::Deserialize;
use towpath_model::RepositoryKey;

use super::json;
use crate::delivery::{commit, id, ref_name};
use crate::{Delivery, Malformed, Notice, RefChange};

/// "Parsing Amazon SNS message formats".
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    #[serde(rename = "Type")]
    kind: Option<String>,
    message_id: Option<String>,
    message: Option<String>,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    Event(Event),
    Trigger(Trigger),
}

/// "Monitoring CodeCommit events in Amazon EventBridge".
#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    region: Option<String>,
    detail: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReferenceChange {
    event: String,
    repository_name: Option<String>,
    reference_full_name: Option<String>,
    commit_id: Option<String>,
}

/// "Manage triggers for an AWS CodeCommit repository".
#[derive(Deserialize)]
struct Trigger {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(rename = "eventSourceARN")]
    source: Option<String>,
    codecommit: Option<References>,
}

#[derive(Deserialize)]
struct References {
    references: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "ref")]
    name: String,
    commit: String,
    #[serde(default)]
    deleted: bool,
}

pub(super) fn read(body: &[u8]) -> Result<Delivery, Malformed> {
    let envelope: Envelope = json(body)?;
    match (envelope.kind.as_deref(), &envelope.message) {
        (Some("SubscriptionConfirmation"), _) => confirmation(&envelope, body),
        (Some("UnsubscribeConfirmation"), _) => Ok(Delivery {
            notice: Notice::Other,
            event: "UnsubscribeConfirmation".to_owned(),
            ..empty(envelope.message_id.as_deref(), body)
        }),
        (_, Some(message)) => message_of(message.as_bytes(), envelope.message_id.as_deref()),
        (_, None) => message_of(body, None),
    }
}

fn empty(given: Option<&str>, body: &[u8]) -> Delivery {
    Delivery {
        id: id(given, body),
        event: String::new(),
        repository: None,
        default_branch: None,
        notice: Notice::Other,
    }
}

fn confirmation(envelope: &Envelope, body: &[u8]) -> Result<Delivery, Malformed> {
    let url = envelope
        .subscribe_url
        .clone()
        .ok_or_else(|| Malformed("a SubscriptionConfirmation without SubscribeURL".to_owned()))?;
    Ok(Delivery {
        notice: Notice::Confirm { url },
        event: "SubscriptionConfirmation".to_owned(),
        ..empty(envelope.message_id.as_deref(), body)
    })
}

fn message_of(message: &[u8], given: Option<&str>) -> Result<Delivery, Malformed> {
    match json(message)? {
        Message::Event(event) => event_of(event, given, message),
        Message::Trigger(trigger) => trigger_of(&trigger, given, message),
    }
}

fn event_of(event: Event, given: Option<&str>, body: &[u8]) -> Result<Delivery, Malformed> {
    let mut delivery = empty(Some(given.unwrap_or(&event.id)), body);
    delivery.event = event.detail_type.chars().take(100).collect();
    if event.detail_type != "CodeCommit Repository State Change" {
        return Ok(delivery);
    }
    let change: ReferenceChange = serde_json::from_value(event.detail)
        .map_err(|error| Malformed(format!("the event's detail: {error}")))?;
    delivery.event = change.event.chars().take(100).collect();
    delivery.repository = repository(event.region.as_deref(), change.repository_name.as_deref());
    delivery.notice = change.notice()?;
    Ok(delivery)
}

impl ReferenceChange {
    fn notice(&self) -> Result<Notice, Malformed> {
        let deleted = self.event == "referenceDeleted";
        let (Some(name), "referenceCreated" | "referenceUpdated" | "referenceDeleted") =
            (&self.reference_full_name, self.event.as_str())
        else {
            return Ok(Notice::Other);
        };
        let new = match (&self.commit_id, deleted) {
            (Some(text), false) => commit(text)?,
            _ => None,
        };
        let name = ref_name(name)?;
        Ok(Notice::Push(vec![RefChange { name, new }]))
    }
}

fn trigger_of(trigger: &Trigger, given: Option<&str>, body: &[u8]) -> Result<Delivery, Malformed> {
    let mut delivery = empty(given, body);
    delivery.event = "trigger".to_owned();
    let mut changes = Vec::new();
    for record in &trigger.records {
        delivery.repository = record.source.as_deref().and_then(repository_of_arn);
        for reference in record.codecommit.iter().flat_map(|all| &all.references) {
            changes.push(reference.change()?);
        }
    }
    delivery.notice = Notice::Push(changes);
    Ok(delivery)
}

impl Reference {
    fn change(&self) -> Result<RefChange, Malformed> {
        let new = if self.deleted {
            None
        } else {
            commit(&self.commit)?
        };
        let name = ref_name(&self.name)?;
        Ok(RefChange { name, new })
    }
}

/// `arn:aws:codecommit:<region>:<account>:<repository>`
fn repository_of_arn(arn: &str) -> Option<RepositoryKey> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "codecommit", region, _, name] => repository(Some(region), Some(name)),
        _ => None,
    }
}

/// As its HTTPS URL has it: `git-codecommit.<region>.amazonaws.com/v1/repos/<name>`.
fn repository(region: Option<&str>, name: Option<&str>) -> Option<RepositoryKey> {
    let (region, name) = (region?, name?);
    RepositoryKey::of_url(&format!(
        "https://git-codecommit.{region}.amazonaws.com/v1/repos/{name}"
    ))
}
