use anyhow::Result;
use serde_json::json;
use towpath_web::api::wire::CollectedDocument;

use crate::cli::GcOptions;
use crate::client::Client;
use crate::exit::Verdict;
use crate::output::{self, counted};

pub async fn run(options: GcOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let collected: CollectedDocument = client.post("/gc", &json!({})).await?;
    match options.server.json {
        true => output::print_json(&collected)?,
        false => println!(
            "Removed {}, {}, {} ({:.1} MB), {} and {} of failed builds",
            counted(collected.executions, "execution"),
            counted(collected.manifests, "image"),
            counted(collected.blobs, "blob"),
            collected.bytes as f64 / 1e6,
            counted(collected.layers, "unpacked layer"),
            counted(collected.sandboxes, "sandbox"),
        ),
    }
    Ok(Verdict::Fine)
}
