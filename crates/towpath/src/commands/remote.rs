//! `towpath project remote`, and what of `project create` and `project show` is about remotes.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use towpath_web::api::wire::{NewRemoteDocument, RemoteDocument, WebhookDocument};

use crate::cli::remote::{ProjectRemoteOptions, RemoteOptions};
use crate::client::Client;
use crate::exit::Verdict;
use crate::output::{self, counted};

pub async fn run(options: ProjectRemoteOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let given = document(options.url, &options.remote)?;
    let path = format!("/projects/{}/remote", options.name);
    let remote: RemoteDocument = client.patch(&path, &given).await?;
    match options.server.json {
        true => output::print_json(&remote)?,
        false => {
            println!("Project {} follows {}", options.name, remote.url);
            print_hook(&options.name, &remote);
        }
    }
    Ok(Verdict::Fine)
}

/// What the options say, with the files read.
pub fn document(url: Option<String>, options: &RemoteOptions) -> Result<NewRemoteDocument> {
    Ok(NewRemoteDocument {
        url,
        provider: options.provider.map(|provider| provider.to_string()),
        username: options.remote_user.clone(),
        token: text(options.remote_token_file.as_deref())?,
        ssh_key: text(options.remote_ssh_key.as_deref())?,
        known_hosts: text(options.known_hosts.as_deref())?,
        api_token: text(options.api_token_file.as_deref())?,
        webhook_secret: text(options.webhook_secret_file.as_deref())?,
        sns_topic: options.sns_topic.clone(),
        register_webhook: options.no_webhook.then_some(false),
        poll_seconds: options
            .poll
            .map(|poll| poll.0.map_or(0, |interval| interval.as_secs())),
    })
}

pub fn text(file: Option<&Path>) -> Result<Option<String>> {
    let read = |file: &Path| {
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
    };
    file.map(read).transpose()
}

/// What is left to do at the git host.
pub fn print_hook(project: impl Display, remote: &RemoteDocument) {
    let hook = &remote.webhook;
    if hook.secret.is_none() && remote.statuses {
        return println!(
            "Its webhook is being registered at {}; how that goes: towpath webhook show {project}",
            remote.provider
        );
    }
    if let Some(topic) = &remote.sns_topic {
        return print_subscription(topic, &hook.url, hook.secret.as_deref());
    }
    println!("Let {} call {}", remote.provider, hook.url);
    match &hook.secret {
        Some(secret) => println!("  with the secret {secret}, which is shown only now"),
        None => println!("  with the project's webhook secret"),
    }
    println!("  for pushes; as JSON, where it asks for a content type.");
}

/// SNS has the password in the URL that it calls.
pub fn print_subscription(topic: &str, url: &str, secret: Option<&str>) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let password = secret.unwrap_or("SECRET");
    println!("Subscribe {scheme}://towpath:{password}@{rest}");
    println!("  to {topic}, raw message delivery off.");
    match secret {
        Some(_) => println!("  The password is shown only now."),
        None => println!("  SECRET is the secret of that URL."),
    }
    println!("  The subscription confirms itself.");
}

/// The rows of `project show`.
pub fn facts(table: &mut comfy_table::Table, remote: &RemoteDocument) {
    table.add_row(["Remote", &remote.url]);
    let fetched = match (&remote.error, &remote.fetched_at) {
        (Some(error), _) => format!(
            "failed {}, again at {}: {error}",
            counted(remote.failures, "time"),
            remote.retry_at.as_deref().unwrap_or("once")
        ),
        (None, Some(at)) => at.clone(),
        (None, None) => "not yet".to_owned(),
    };
    table.add_row(["Fetched", &fetched]);
    if let Some(reason) = &remote.no_branch {
        table.add_row(["No branch", reason]);
    }
    let polled = remote.poll_seconds.map_or_else(
        || "never".to_owned(),
        |seconds| format!("every {seconds} s"),
    );
    table.add_row(["Polled", &polled]);
    table.add_row(["Webhook", &hook(remote)]);
    if let Some(topic) = &remote.sns_topic {
        table.add_row(["SNS topic", topic]);
    }
    if let Some(error) = &remote.status_error {
        table.add_row(["Statuses", &format!("not taken: {error}")]);
    }
}

/// A registered webhook, and whether it is still there.
fn seen(hook: &WebhookDocument) -> String {
    let seen = hook.seen_at.as_ref().map(|at| format!(", seen there {at}"));
    let error = hook.check_error.as_ref();
    let error = error.map(|error| format!(", cannot look whether it still is: {error}"));
    format!(
        "registered{}{}",
        seen.unwrap_or_default(),
        error.unwrap_or_default()
    )
}

pub fn hook(remote: &RemoteDocument) -> String {
    let hook = &remote.webhook;
    let state = match (hook.registered, &hook.error, &hook.lost) {
        (_, Some(error), _) => format!("not registered: {error}"),
        (_, None, Some(lost)) => format!("does not call: {lost}"),
        (true, None, None) => seen(hook),
        (false, None, None) => "to be set up at the git host".to_owned(),
    };
    let last = match &hook.last_delivery {
        Some(last) => format!(
            "last delivery {} {}: {}",
            last.received_at, last.state, last.reason
        ),
        None => "nothing came yet".to_owned(),
    };
    format!("{}\n{state}; {last}", hook.url)
}
