//! `towpath project left` and `forget`: what deleted projects have left in clusters.

use anyhow::Result;
use towpath_web::api::wire::{LeftAppDocument, LeftAppList};
use url::form_urlencoded::Serializer;

use crate::cli::{ProjectForgetOptions, ServerOptions};
use crate::client::Client;
use crate::exit::Verdict;
use crate::output;

pub async fn list(options: ServerOptions) -> Result<Verdict> {
    let client = Client::from_options(&options)?;
    let list: LeftAppList = client.get("/left-apps").await?;
    if options.json {
        output::print_json(&list)?;
    } else if list.left_apps.is_empty() {
        println!("No deleted project has left anything in a Kubernetes cluster.");
    } else {
        println!("{}", table(&list.left_apps));
    }
    Ok(Verdict::Fine)
}

fn table(left_apps: &[LeftAppDocument]) -> comfy_table::Table {
    let mut table = output::table(&["PROJECT", "CLUSTER", "NAMESPACE", "LEFT", "PULLS"]);
    for left in left_apps {
        let pulls = if left.pulls { "with its token" } else { "–" };
        table.add_row([
            &left.project,
            &left.cluster,
            &left.namespace,
            &left.left_at,
            pulls,
        ]);
    }
    table
}

pub async fn forget(options: ProjectForgetOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let mut place = Serializer::new(String::new());
    if let Some(cluster) = &options.cluster {
        place.append_pair("cluster", cluster.as_str());
    }
    if let Some(namespace) = &options.namespace {
        place.append_pair("namespace", namespace.as_str());
    }
    let name = &options.name;
    let path = format!("/left-apps/{name}?{}", place.finish());
    client.delete(&path).await?;
    println!("What {name} has left there pulls no images any more.");
    Ok(Verdict::Fine)
}
