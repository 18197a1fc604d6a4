use anyhow::Result;
use serde_json::json;
use towpath_web::api::wire::CollectedDocument;

use crate::cli::GcOptions;
use crate::client::Client;
use crate::exit::Verdict;
use crate::output;

pub async fn run(options: GcOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let collected: CollectedDocument = client.post("/gc", &json!({})).await?;
    match options.server.json {
        true => output::print_json(&collected)?,
        false => println!(
            "Removed {} executions, {} images, {} blobs ({:.1} MB), {} unpacked layers and {} sandboxes of failed builds",
            collected.executions,
            collected.manifests,
            collected.blobs,
            collected.bytes as f64 / 1e6,
            collected.layers,
            collected.sandboxes
        ),
    }
    Ok(Verdict::Fine)
}
