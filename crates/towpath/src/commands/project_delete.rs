//! `towpath project delete`: asks, marks, and waits until nothing of the project is left.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anyhow::{Result, bail};
use towpath_model::ClusterName;
use towpath_web::api::wire::{DeletionDocument, ProjectDocument};

use crate::cli::ProjectDeleteOptions;
use crate::client::{Client, Refused};
use crate::exit::Verdict;
use crate::output;

const LOOK_AGAIN: Duration = Duration::from_millis(250);

pub async fn run(options: ProjectDeleteOptions) -> Result<Verdict> {
    let client = Client::from_options(&options.server)?;
    let name = &options.name;
    let project: ProjectDocument = client.get(&format!("/projects/{name}")).await?;
    if !options.yes && !confirmed(&project, options.leave_app)? {
        println!("Nothing was deleted.");
        return Ok(Verdict::Problems);
    }
    let path = format!("/projects/{name}?leave_app={}", options.leave_app);
    let asked: DeletionDocument = client.ask_to_delete(&path).await?;
    if options.server.json {
        output::print_json(&asked)?;
    }
    if let Some(why) = &asked.webhook_left {
        eprintln!("Its webhook stays at the git host, for you to remove: {why}");
    }
    match wait(&client, &project).await? {
        None => {
            if !options.server.json {
                println!("{}", gone(&project, asked.leave_app));
            }
            Ok(Verdict::Fine)
        }
        Some(why) => {
            eprintln!("Project {name} is not deleted yet, and is tried again: {why}");
            Ok(Verdict::Problems)
        }
    }
}

/// Nothing is lost by a slip: the name has to be typed.
fn confirmed(project: &ProjectDocument, leave_app: bool) -> Result<bool> {
    let name = &project.name;
    if !std::io::stdin().is_terminal() {
        bail!("nobody can be asked here whether {name} is to be deleted; say so with --yes");
    }
    let app = match leave_app {
        true => format!("What it has in cluster {} stays there.", project.cluster),
        false => format!("What it has in cluster {} is removed.", project.cluster),
    };
    println!("This deletes project {name} for good: its executions, logs, repository and images.");
    println!("{app}");
    print!("Type its name to go on: ");
    std::io::stdout().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim() == name.as_str())
}

/// None once it is gone, else why it does not go on.
async fn wait(client: &Client, before: &ProjectDocument) -> Result<Option<String>> {
    let path = format!("/projects/{}", before.name);
    loop {
        let project: ProjectDocument = match client.get(&path).await {
            Ok(project) => project,
            Err(error) if is_gone(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        match project.deletion {
            // Another one of this name, made meanwhile.
            _ if project.created_at != before.created_at => return Ok(None),
            Some(DeletionDocument {
                error: Some(why), ..
            }) => return Ok(Some(why)),
            _ => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
}

fn is_gone(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<Refused>()
        .is_some_and(|refused| refused.code == "no_such_project")
}

fn gone(project: &ProjectDocument, left_app: bool) -> String {
    let (name, cluster) = (&project.name, &project.cluster);
    let deleted = format!("Project {name} is deleted.");
    match (left_app, *cluster == ClusterName::local().as_str()) {
        (false, _) => deleted,
        (true, true) => format!("{deleted} What it had in its cluster is still there."),
        (true, false) => format!(
            "{deleted} What it had in cluster {cluster} is still there, and pulls its images until `towpath project \
             forget {name}`."
        ),
    }
}
