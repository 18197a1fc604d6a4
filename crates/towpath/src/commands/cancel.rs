use anyhow::Result;
use serde_json::json;

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
    client.ask(&path).await?;
    match options.server.json {
        true => output::print_json(&json!({ "project": project, "number": number }))?,
        false => println!("{project} #{number} is being cancelled"),
    }
    Ok(Verdict::Fine)
}
