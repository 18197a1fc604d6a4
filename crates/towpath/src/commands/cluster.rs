use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use towpath_cluster::SelfContained;
use towpath_model::ClusterName;
use towpath_web::api::wire::{
    ClusterCheckDocument, ClusterDocument, ClusterList, NewCluster, NewConnection,
};

use crate::cli::ServerOptions;
use crate::cli::cluster::{
    ClusterAccess, ClusterAddOptions, ClusterCheckOptions, ClusterCommand, ClusterOptions,
};
use crate::client::{Client, Refused};
use crate::exit::Verdict;
use crate::output;

pub async fn run(command: ClusterCommand) -> Result<Verdict> {
    match command {
        ClusterCommand::Add(options) => add(options).await,
        ClusterCommand::List(options) => list(options).await,
        ClusterCommand::Show(options) => show(options).await,
        ClusterCommand::Check(options) => check(options).await,
        ClusterCommand::Remove(options) => remove(options).await,
    }
}

/// Adds a cluster by the API.
pub async fn register(
    client: &Client,
    name: &ClusterName,
    connection: NewConnection,
    replace: bool,
) -> Result<ClusterDocument> {
    let new = NewCluster {
        name: name.to_string(),
        connection,
        replace,
    };
    let added = client.post("/clusters", &new).await;
    added.map_err(|error| match error.downcast_ref::<Refused>() {
        Some(refused) if refused.code == "exists" => {
            anyhow::anyhow!("{}; --replace gives it other credentials", refused.message)
        }
        _ => error,
    })
}

/// What to tell the server, and what its user should know of it.
pub fn connection(access: &ClusterAccess) -> Result<(NewConnection, Vec<String>)> {
    if access.in_cluster {
        return Ok((NewConnection::InCluster {}, Vec::new()));
    }
    if let Some(file) = &access.kubeconfig {
        return from_kubeconfig(file, access.context.as_deref());
    }
    let (Some(server), Some(token)) = (&access.api_server, &access.token_file) else {
        bail!(
            "how is the cluster reached? Give --kubeconfig, --in-cluster, or --api-server and --token-file"
        );
    };
    let authority = access.certificate_authority.as_deref();
    let connection = NewConnection::Token {
        server: server.to_string(),
        token: read(token)?.trim().to_owned(),
        certificate_authority: authority.map(read).transpose()?,
    };
    Ok((connection, Vec::new()))
}

/// A kubeconfig with the content of the files that it refers to, since the server may be on another machine.
pub fn from_kubeconfig(file: &Path, context: Option<&str>) -> Result<(NewConnection, Vec<String>)> {
    let taken = SelfContained::from_file(file, context)?;
    let connection = NewConnection::Kubeconfig {
        kubeconfig: taken.text,
        context: Some(taken.context),
    };
    Ok((connection, taken.notes))
}

/// Problems: it was added, and cannot be deployed to as it is.
async fn add(options: ClusterAddOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let (connection, notes) = connection(&options.access)?;
    let added = register(&client, &options.name, connection, options.replace).await?;
    let checked: ClusterCheckDocument = client
        .get(&format!("/clusters/{}/check", added.name))
        .await?;
    if options.server.json {
        output::print_json(&added)?;
        return Ok(verdict(&checked));
    }
    println!("Cluster {} is known: {}", added.name, place(&added));
    for note in notes {
        println!("note: {note}");
    }
    print_check(&checked);
    if verdict(&checked) == Verdict::Fine {
        println!(
            "To deploy to it: towpath project create NAME --cluster {}",
            added.name
        );
    }
    Ok(verdict(&checked))
}

async fn list(options: ServerOptions) -> Result<Verdict> {
    let list: ClusterList = Client::from_options(&options)?.get("/clusters").await?;
    if options.json {
        output::print_json(&list)?;
        return Ok(Verdict::Fine);
    }
    let mut table = output::table(&["CLUSTER", "KIND", "WHERE", "PROJECTS"]);
    for cluster in &list.clusters {
        table.add_row([
            cluster.name.clone(),
            cluster.kind.clone(),
            place(cluster),
            cluster.projects.join(", "),
        ]);
    }
    println!("{table}");
    Ok(Verdict::Fine)
}

async fn show(options: ClusterOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let cluster: ClusterDocument = client.get(&format!("/clusters/{}", options.name)).await?;
    match options.server.json {
        true => output::print_json(&cluster)?,
        false => println!("{}", facts(&cluster)),
    }
    Ok(Verdict::Fine)
}

async fn check(options: ClusterCheckOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let path = format!(
        "/clusters/{}/check?namespace={}",
        options.name, options.namespace
    );
    let checked: ClusterCheckDocument = client.get(&path).await?;
    match options.server.json {
        true => output::print_json(&checked)?,
        false => print_check(&checked),
    }
    Ok(verdict(&checked))
}

async fn remove(options: ClusterOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    client
        .delete(&format!("/clusters/{}", options.name))
        .await?;
    if !options.server.json {
        println!(
            "Cluster {} is forgotten, with its credentials. What runs there goes on running.",
            options.name
        );
    }
    Ok(Verdict::Fine)
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn print_check(checked: &ClusterCheckDocument) {
    let cluster = &checked.cluster;
    if let Some(problem) = &checked.problem {
        return println!("It cannot be deployed to as it is: {problem}");
    }
    match &checked.version {
        Some(version) => println!("{cluster} answers: Kubernetes {version}"),
        None => return println!("{cluster} is this machine, and runs"),
    }
    let namespace = &checked.namespace;
    if checked.missing.is_empty() {
        return println!("Everything that deploying into namespace {namespace} needs is allowed");
    }
    println!("Deploying into namespace {namespace} needs rights that its account does not have:");
    for (resource, verbs) in by_resource(&checked.missing) {
        println!("  {resource}: {}", verbs.join(", "));
    }
}

/// From `patch deployments.apps` and so on.
fn by_resource(missing: &[String]) -> BTreeMap<&str, Vec<&str>> {
    let mut rights: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for right in missing {
        let (verb, resource) = right.split_once(' ').unwrap_or(("", right));
        rights.entry(resource).or_default().push(verb);
    }
    rights
}

fn verdict(checked: &ClusterCheckDocument) -> Verdict {
    match (&checked.problem, checked.missing.is_empty()) {
        (Some(_), _) => Verdict::CouldNotRun,
        (None, false) => Verdict::Problems,
        (None, true) => Verdict::Fine,
    }
}

/// `https://10.0.0.1:6443 (context prod)`.
fn place(cluster: &ClusterDocument) -> String {
    let server = cluster.server.as_deref().unwrap_or("this machine");
    match (&cluster.context, &cluster.problem) {
        (Some(context), _) => format!("{server} (context {context})"),
        (None, Some(problem)) => format!("{server}: {problem}"),
        (None, None) => server.to_owned(),
    }
}

fn facts(cluster: &ClusterDocument) -> comfy_table::Table {
    let mut table = output::table(&[]);
    let mut row = |title: &str, value: Option<&str>| {
        if let Some(value) = value {
            table.add_row([title, value]);
        }
    };
    row("Cluster", Some(&cluster.name));
    row("Kind", Some(&cluster.kind));
    row("API server", cluster.server.as_deref());
    row("Credentials", cluster.method.as_deref());
    row("Context", cluster.context.as_deref());
    row("Plug-in", cluster.plugin.as_deref());
    row("Added", cluster.created_at.as_deref());
    row("Credentials given", cluster.updated_at.as_deref());
    row("Problem", cluster.problem.as_deref());
    row("Projects", Some(&cluster.projects.join(", ")));
    table
}
