//! One file per command.

pub mod build_place;
pub mod cancel;
pub mod check;
pub mod cluster;
pub mod delivery;
pub mod exec;
pub mod gc;
pub mod kustomize;
pub mod left_apps;
pub mod login;
pub mod logs;
pub mod project;
pub mod project_delete;
pub mod remote;
pub mod run;
pub mod serve;
pub mod status;
pub mod webhook;

use anyhow::{Context, Result};
use towpath_model::{ExecutionNumber, ProjectName};
use towpath_web::api::wire::ExecutionList;

use crate::client::Client;

/// The number that was given, else that of the project's latest execution.
async fn number_or_latest(
    client: &Client,
    project: &ProjectName,
    number: Option<ExecutionNumber>,
) -> Result<ExecutionNumber> {
    if let Some(number) = number {
        return Ok(number);
    }
    let list: ExecutionList = client
        .get(&format!("/projects/{project}/executions?limit=1"))
        .await?;
    let latest = list.executions.first();
    latest
        .map(|latest| ExecutionNumber(latest.number))
        .with_context(|| format!("{project} has no execution yet: push a commit to its branch"))
}
