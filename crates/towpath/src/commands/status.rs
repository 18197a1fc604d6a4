use anyhow::Result;
use serde_json::json;
use towpath_model::{ProjectName, Status};
use towpath_web::api::wire::{
    ActionDocument, AppDocument, ExecutionDocument, ProjectDocument, ProjectList, StageDocument,
};

use super::project;
use crate::cli::StatusOptions;
use crate::client::Client;
use crate::exit::Verdict;
use crate::output;

const DEGRADED: &str = "degraded";

/// Problems: an execution or an app that is not well.
pub async fn run(options: StatusOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    match options.project {
        Some(project) => one(&client, &project, options.server.json).await,
        None => all(&client, options.server.json).await,
    }
}

async fn all(client: &Client, json: bool) -> Result<Verdict> {
    let list: ProjectList = client.get("/projects").await?;
    match json {
        true => output::print_json(&list)?,
        false => println!("{}", project::table(&list.projects)),
    }
    Ok(verdict(list.projects.iter().any(is_not_well)))
}

async fn one(client: &Client, name: &ProjectName, json: bool) -> Result<Verdict> {
    let project: ProjectDocument = client.get(&format!("/projects/{name}")).await?;
    let latest = match &project.latest_execution {
        Some(latest) => {
            let path = format!("/projects/{name}/executions/{}", latest.number);
            Some(client.get::<ExecutionDocument>(&path).await?)
        }
        None => None,
    };
    let app: AppDocument = client.get(&format!("/projects/{name}/app")).await?;
    if json {
        output::print_json(&json!({ "project": project, "execution": latest, "app": app }))?;
    } else {
        print_execution(&project, latest.as_ref());
        print_app(&app);
    }
    let failed = latest.is_some_and(|latest| latest.summary.status == Status::Failed);
    Ok(verdict(failed || app.health == DEGRADED))
}

fn is_not_well(project: &ProjectDocument) -> bool {
    let latest = project.latest_execution.as_ref();
    let failed = latest.is_some_and(|latest| latest.status == Status::Failed);
    failed || project.app_health == DEGRADED
}

fn verdict(problems: bool) -> Verdict {
    match problems {
        true => Verdict::Problems,
        false => Verdict::Fine,
    }
}

fn print_execution(project: &ProjectDocument, latest: Option<&ExecutionDocument>) {
    let Some(execution) = latest else {
        let (url, branch) = (&project.clone_url, &project.branch);
        return println!(
            "{} has no execution yet: git push {url} {branch}",
            project.name
        );
    };
    let summary = &execution.summary;
    let commit: String = summary.commit.chars().take(7).collect();
    println!(
        "{} #{}  {}",
        project.name,
        summary.number,
        output::status(summary.status)
    );
    println!("{commit} {}", summary.title);
    if let Some(reason) = &summary.reason {
        println!("{reason}");
    }
    let mut table = output::table(&[]);
    for (stage, action) in execution.stages.iter().flat_map(actions) {
        let took = output::between(action.started_at.as_deref(), action.finished_at.as_deref());
        table.add_row([
            format!("  {stage}/{}", action.name),
            output::status(action.status).to_string(),
            took.map(output::duration).unwrap_or_default(),
        ]);
    }
    println!("{table}");
}

fn actions(stage: &StageDocument) -> impl Iterator<Item = (&String, &ActionDocument)> {
    stage
        .actions
        .iter()
        .map(move |action| (&stage.name, action))
}

fn print_app(app: &AppDocument) {
    println!(
        "\nApp: {}{}",
        app.health,
        app.reason
            .as_ref()
            .map(|why| format!(": {why}"))
            .unwrap_or_default()
    );
    let mut table = output::table(&[]);
    for pod in &app.pods {
        table.add_row([
            format!("  {}", pod.name),
            if pod.ready {
                "ready".to_owned()
            } else {
                pod.phase.clone()
            },
            pod.reason.clone().unwrap_or_default(),
        ]);
    }
    for service in &app.services {
        for port in service.ports.iter().filter_map(|port| port.host_port) {
            let url = format!("http://127.0.0.1:{port}");
            table.add_row([format!("  {}", service.name), url, String::new()]);
        }
        for host in &service.external {
            table.add_row([format!("  {}", service.name), host.clone(), String::new()]);
        }
    }
    for ingress in &app.ingresses {
        for url in &ingress.urls {
            table.add_row([format!("  {}", ingress.name), url.clone(), String::new()]);
        }
    }
    println!("{table}");
}
