use anyhow::Result;
use serde_json::json;
use towpath_web::api::wire::{
    AllowDocument, AllowList, NewAllowDocument, ProjectDocument, RemoteDocument,
};
use url::form_urlencoded::Serializer;

use super::remote;
use crate::cli::ServerOptions;
use crate::cli::remote::{
    WebhookAllowOptions, WebhookCommand, WebhookDisallowOptions, WebhookOptions,
};
use crate::client::Client;
use crate::exit::Verdict;
use crate::output;

pub async fn run(command: WebhookCommand) -> Result<Verdict> {
    match command {
        WebhookCommand::Show(options) => show(options).await,
        WebhookCommand::Secret(options) => secret(options).await,
        WebhookCommand::Register(options) => register(options).await,
        WebhookCommand::Remove(options) => remove(options).await,
        WebhookCommand::Allow(options) => allow(*options).await,
        WebhookCommand::Allowed(options) => allowed(options).await,
        WebhookCommand::Disallow(options) => disallow(options).await,
    }
}

/// Problems: it is not registered although it should be, it is there no more, or its last delivery failed.
async fn show(options: WebhookOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let project: ProjectDocument = client
        .get(&format!("/projects/{}", options.project))
        .await?;
    let Some(remote) = project.remote else {
        anyhow::bail!(
            "{} has no remote: its repository is here; give it one with `towpath project remote`",
            options.project
        );
    };
    match options.server.json {
        true => output::print_json(&remote.webhook)?,
        false => println!("{}", remote::hook(&remote)),
    }
    let last = remote.webhook.last_delivery.as_ref();
    let failed = last.is_some_and(|last| last.state == "failed");
    let broken = remote.webhook.error.is_some() || remote.webhook.lost.is_some();
    Ok(match broken || failed {
        true => Verdict::Problems,
        false => Verdict::Fine,
    })
}

async fn secret(options: WebhookOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let path = format!("/projects/{}/webhook/secret", options.project);
    let remote: RemoteDocument = client.post(&path, &json!({})).await?;
    match options.server.json {
        true => output::print_json(&remote.webhook)?,
        false => remote::print_hook(&options.project, &remote),
    }
    Ok(Verdict::Fine)
}

async fn register(options: WebhookOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let path = format!("/projects/{}/webhook", options.project);
    let remote: RemoteDocument = client.post(&path, &json!({})).await?;
    match options.server.json {
        true => output::print_json(&remote.webhook)?,
        false => println!(
            "The webhook is being registered at {}; how that goes: towpath webhook show {}",
            remote.provider, options.project
        ),
    }
    Ok(Verdict::Fine)
}

async fn remove(options: WebhookOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let path = format!("/projects/{}/webhook", options.project);
    client.delete(&path).await?;
    if !options.server.json {
        println!("No webhook of {} is registered any more", options.project);
    }
    Ok(Verdict::Fine)
}

async fn allow(options: WebhookAllowOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let new = NewAllowDocument {
        pattern: options.pattern,
        provider: options.provider.map(|provider| provider.to_string()),
        branch: options.branch,
        cluster: Some(options.cluster.to_string()),
        namespace: options.namespace.map(|namespace| namespace.to_string()),
        username: options.remote_user,
        sns_topic: options.sns_topic.map(|topic| topic.to_string()),
        token: remote::text(options.remote_token_file.as_deref())?,
        api_token: remote::text(options.api_token_file.as_deref())?,
        webhook_secret: remote::text(options.webhook_secret_file.as_deref())?,
    };
    let allow: AllowDocument = client.post("/webhook-allows", &new).await?;
    match options.server.json {
        true => output::print_json(&allow)?,
        false => print_allow(&allow),
    }
    Ok(Verdict::Fine)
}

fn print_allow(allow: &AllowDocument) {
    println!(
        "The first push of {} makes its project, which goes to the cluster {}.",
        allow.pattern,
        place(allow)
    );
    if let Some(topic) = &allow.sns_topic {
        return remote::print_subscription(topic, &allow.url, allow.secret.as_deref());
    }
    println!("Let {} call {}", allow.provider, allow.url);
    match &allow.secret {
        Some(secret) => println!("  with the secret {secret}, which is shown only now"),
        None => println!("  with the secret of that URL"),
    }
    println!("  for pushes; as JSON, where it asks for a content type.");
}

async fn allowed(options: ServerOptions) -> Result<Verdict> {
    let list: AllowList = Client::from_options(&options)?
        .get("/webhook-allows")
        .await?;
    if options.json {
        output::print_json(&list)?;
        return Ok(Verdict::Fine);
    }
    if list.allows.is_empty() {
        println!(
            "No repository may make a project. Let some: towpath webhook allow github.com/OWNER/*"
        );
        return Ok(Verdict::Fine);
    }
    let mut table = output::table(&["REPOSITORIES", "GIT HOST", "BRANCH", "CLUSTER", "URL"]);
    for allow in list.allows {
        let place = place(&allow);
        let branch = allow.branch.unwrap_or_else(|| "its own".to_owned());
        table.add_row([allow.pattern, allow.provider, branch, place, allow.url]);
    }
    println!("{table}");
    Ok(Verdict::Fine)
}

fn place(allow: &AllowDocument) -> String {
    match &allow.namespace {
        Some(namespace) => format!("{}, namespace {namespace}", allow.cluster),
        None => allow.cluster.clone(),
    }
}

async fn disallow(options: WebhookDisallowOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let mut query = Serializer::new(String::new());
    query.append_pair("pattern", &options.pattern);
    if let Some(provider) = options.provider {
        query.append_pair("provider", provider.as_str());
    }
    client
        .delete(&format!("/webhook-allows?{}", query.finish()))
        .await?;
    if !options.server.json {
        println!("{} makes no projects any more", options.pattern);
    }
    Ok(Verdict::Fine)
}
