use anyhow::Result;
use serde_json::json;
use towpath_web::api::wire::ExecutionDocument;

use super::number_or_latest;
use crate::cli::CancelOptions;
use crate::client::Client;
use crate::exit::Verdict;
use crate::output;

pub async fn run(options: CancelOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let project = &options.project;
    let number = number_or_latest(&client, project, options.execution).await?;
    let path = format!("/projects/{project}/executions/{number}/cancel");
    let execution: ExecutionDocument = client.post(&path, &json!({})).await?;
    match options.server.json {
        true => output::print_json(&execution)?,
        false => println!("{project} #{number} is being cancelled"),
    }
    Ok(Verdict::Fine)
}
