//! Pushes of a project with a prebuilt static program and a build that is `true`.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use towpath_model::Timestamp;
use towpath_testkit::{TowpathServer, WorkTree, answers};

use super::figures::{Samples, megabytes, memory};

const PUSHES: u64 = 20;
const PROJECT: &str = "bench";

#[derive(Default)]
struct Figures {
    push: Samples,
    planned: Samples,
    build_started: Samples,
    first_command: Samples,
    first_answer: Samples,
}

pub(crate) async fn run(program: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = TowpathServer::start(program, &folder.path().join("data"), &[]).await?;
    let pid = server.pid().context("the server runs")?;
    let idle = memory(pid, "VmRSS")?;
    server.create_project(PROJECT).await?;
    let tree = WorkTree::prebuilt(PROJECT, 2, "true")?;
    let mut figures = Figures::default();
    // The first push has nothing to roll over.
    push_once(&server, &tree, 1, &mut Figures::default()).await?;
    for number in 2..PUSHES + 2 {
        push_once(&server, &tree, number, &mut figures).await?;
    }
    figures.print();
    let after = memory(pid, "VmRSS")?;
    println!(
        "  idle server {:.1} MB resident, after the pushes {:.1} MB",
        megabytes(idle),
        megabytes(after)
    );
    server.stop().await
}

impl Figures {
    fn print(&self) {
        println!(
            "\n{PUSHES} pushes of a prebuilt program, the build is `true`, two replicas roll over"
        );
        println!("  {}", self.push.line("git push, as the developer waits"));
        println!("  {}", self.planned.line("acknowledged to planned"));
        println!(
            "  {}",
            self.build_started.line("acknowledged to source zipped")
        );
        println!(
            "  {}",
            self.first_command
                .line("acknowledged to first build command")
        );
        println!(
            "  {}",
            self.first_answer
                .line("acknowledged to first answer of the new version")
        );
    }
}

async fn push_once(
    server: &TowpathServer,
    tree: &WorkTree,
    number: u64,
    figures: &mut Figures,
) -> Result<()> {
    let page = format!("version {number}");
    tree.write("page", &page)?;
    tree.commit(&page)?;
    let start = Instant::now();
    tree.push(&server.git_url(PROJECT))?;
    let acknowledged = Instant::now();
    answers(&server.app_url(PROJECT).await, &page).await?;
    figures.push.push(acknowledged - start);
    figures.first_answer.push(acknowledged.elapsed());
    let execution = server.finished(PROJECT, number).await;
    ensure!(
        execution["status"] == "succeeded",
        "execution {number}: {execution:#}"
    );
    let moments = moments(&execution)?;
    figures.planned.push(moments.planned);
    figures.build_started.push(moments.build_started);
    figures.first_command.push(moments.first_command);
    Ok(())
}

/// Moments of an execution, from the event's row, which is written just before git is answered.
struct Moments {
    planned: Duration,
    build_started: Duration,
    first_command: Duration,
}

fn moments(execution: &Value) -> Result<Moments> {
    let time =
        |value: &Value| -> Result<Timestamp> { Ok(value.as_str().context("a time")?.parse()?) };
    let pushed = time(&execution["triggered_at"])?;
    let stages = execution["stages"].as_array().context("stages")?;
    let build = stages
        .iter()
        .find(|stage| stage["name"] == "Build")
        .context("stage Build")?;
    let action = &build["actions"][0];
    Ok(Moments {
        planned: time(&execution["started_at"])?.since(pushed),
        build_started: time(&action["started_at"])?.since(pushed),
        first_command: time(&action["phases"][0]["started_at"])?.since(pushed),
    })
}
