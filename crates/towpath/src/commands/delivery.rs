use anyhow::Result;
use serde_json::json;
use towpath_web::api::wire::{DeliveryDocument, DeliveryList};
use url::form_urlencoded::Serializer;

use crate::cli::remote::{DeliveryCommand, DeliveryListOptions, DeliveryOptions};
use crate::client::Client;
use crate::exit::Verdict;
use crate::output;

pub async fn run(command: DeliveryCommand) -> Result<Verdict> {
    match command {
        DeliveryCommand::List(options) => list(options).await,
        DeliveryCommand::Show(options) => show(options).await,
        DeliveryCommand::Replay(options) => replay(options).await,
    }
}

async fn list(options: DeliveryListOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let list: DeliveryList = client
        .get(&format!("/deliveries?{}", query(&options)))
        .await?;
    if options.server.json {
        output::print_json(&list)?;
    } else if list.deliveries.is_empty() {
        println!(
            "No delivery of a git host is known. Where they call: towpath webhook show PROJECT"
        );
    } else {
        println!("{}", table(&list.deliveries));
    }
    Ok(Verdict::Fine)
}

fn query(options: &DeliveryListOptions) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("limit", &options.limit.to_string());
    if let Some(project) = &options.project {
        query.append_pair("project", project.as_str());
    }
    if let Some(state) = &options.state {
        query.append_pair("state", state);
    }
    if let Some(before) = options.before {
        query.append_pair("before", &before.to_string());
    }
    query.finish()
}

fn table(deliveries: &[DeliveryDocument]) -> comfy_table::Table {
    let mut table = output::table(&["ID", "RECEIVED", "FROM", "FOR", "EVENT", "STATE", "WHY"]);
    for delivery in deliveries {
        let whom = delivery.project.as_ref().or(delivery.repository.as_ref());
        table.add_row([
            delivery.id.to_string(),
            delivery.received_at.clone(),
            delivery.provider.clone(),
            whom.unwrap_or(&delivery.path).clone(),
            delivery.event.clone(),
            delivery.state.clone(),
            delivery.reason.clone(),
        ]);
    }
    table
}

async fn show(options: DeliveryOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let path = format!("/deliveries/{}", options.id);
    let delivery: DeliveryDocument = client.get(&path).await?;
    if options.server.json {
        output::print_json(&delivery)?;
        return Ok(Verdict::Fine);
    }
    println!("{}", facts(&delivery));
    if let Some(body) = &delivery.body {
        println!("\n{body}");
    }
    Ok(Verdict::Fine)
}

fn facts(delivery: &DeliveryDocument) -> comfy_table::Table {
    let mut table = output::table(&[]);
    let mut fact = |name: &str, value: &str| {
        table.add_row([name, value]);
    };
    fact("Delivery", &delivery.id.to_string());
    fact("Received", &delivery.received_at);
    fact(
        "From",
        &format!("{}, at {}", delivery.provider, delivery.path),
    );
    fact("Project", delivery.project.as_deref().unwrap_or("–"));
    fact("Repository", delivery.repository.as_deref().unwrap_or("–"));
    fact("Event", &delivery.event);
    fact("State", &delivery.state);
    fact("Why", &delivery.reason);
    fact(
        "Handled",
        delivery.handled_at.as_deref().unwrap_or("not yet"),
    );
    fact("Size", &format!("{} bytes", delivery.size));
    table
}

async fn replay(options: DeliveryOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let path = format!("/deliveries/{}/replay", options.id);
    let delivery: DeliveryDocument = client.post(&path, &json!({})).await?;
    match options.server.json {
        true => output::print_json(&delivery)?,
        false => println!(
            "Delivery {} is done again; how that goes: towpath delivery show {}",
            delivery.id, delivery.id
        ),
    }
    Ok(Verdict::Fine)
}
