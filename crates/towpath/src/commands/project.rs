use anyhow::Result;
use towpath_web::api::wire::{NewProject, ProjectDocument, ProjectList};

use super::{build_place, remote};
use crate::cli::{ProjectCreateOptions, ProjectShowOptions, ServerOptions};
use crate::client::Client;
use crate::exit::Verdict;
use crate::output;

pub async fn create(options: ProjectCreateOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let new = NewProject {
        name: options.name.to_string(),
        branch: Some(options.branch),
        cluster: Some(options.cluster.to_string()),
        namespace: options.namespace.map(|namespace| namespace.to_string()),
        remote: match options.remote {
            Some(url) => Some(remote::document(Some(url), &options.access)?),
            None => None,
        },
    };
    let project: ProjectDocument = client.post("/projects", &new).await?;
    build_place::set(&client, &options.name, options.build).await?;
    if options.server.json {
        output::print_json(&project)?;
    } else if let Some(remote) = &project.remote {
        println!(
            "Project {} is there and follows {}",
            project.name, remote.url
        );
        remote::print_hook(&project.name, remote);
        println!("{}", project.url);
    } else {
        println!(
            "Project {} is there. To build and deploy it:\n",
            project.name
        );
        println!("  git push {} {}\n", project.clone_url, project.branch);
        println!(
            "git asks for a user name (any) and a password: the admin token. {}",
            project.url
        );
    }
    Ok(Verdict::Fine)
}

pub async fn list(options: ServerOptions) -> Result<Verdict> {
    let list: ProjectList = Client::from_options(&options)?.get("/projects").await?;
    if options.json {
        output::print_json(&list)?;
    } else if list.projects.is_empty() {
        println!("No projects yet. Make one: towpath project create NAME");
    } else {
        println!("{}", table(&list.projects));
    }
    Ok(Verdict::Fine)
}

pub async fn show(options: ProjectShowOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let project: ProjectDocument = client.get(&format!("/projects/{}", options.name)).await?;
    match options.server.json {
        true => output::print_json(&project)?,
        false => println!("{}", facts(&project)),
    }
    Ok(Verdict::Fine)
}

/// One line a project, with its latest execution.
pub fn table(projects: &[ProjectDocument]) -> comfy_table::Table {
    let mut table = output::table(&["PROJECT", "APP", "STATUS", "EXECUTION", "COMMIT", "URL"]);
    for project in projects {
        let latest = project.latest_execution.as_ref();
        let commit = latest.map(|latest| {
            let short: String = latest.commit.chars().take(7).collect();
            format!("{short} {}", latest.title)
        });
        table.add_row([
            project.name.clone(),
            project.app_health.clone(),
            latest.map_or_else(
                || "–".to_owned(),
                |latest| output::status(latest.status).to_string(),
            ),
            latest
                .map(|latest| format!("#{}", latest.number))
                .unwrap_or_default(),
            commit.unwrap_or_default(),
            project.app_urls.first().cloned().unwrap_or_default(),
        ]);
    }
    table
}

fn facts(project: &ProjectDocument) -> comfy_table::Table {
    let mut table = output::table(&[]);
    table.add_row(["Project", &project.name]);
    table.add_row(["Branch", &project.branch]);
    table.add_row(["Cluster", &project.cluster]);
    table.add_row(["Namespace", &project.namespace]);
    table.add_row(["Builds", &build_place::in_words(&project.build_place)]);
    let app = match &project.app_reason {
        Some(reason) => format!("{}: {reason}", project.app_health),
        None => project.app_health.clone(),
    };
    table.add_row(["App", &app]);
    table.add_row(["Clone URL", &project.clone_url]);
    table.add_row(["Page", &project.url]);
    if let Some(deletion) = &project.deletion {
        let state = match &deletion.error {
            Some(error) => format!("being deleted, and stuck: {error}"),
            None => "being deleted".to_owned(),
        };
        table.add_row(["Deletion", &state]);
    }
    if let Some(remote) = &project.remote {
        remote::facts(&mut table, remote);
    }
    for url in &project.app_urls {
        table.add_row(["Answers at", url]);
    }
    table
}
