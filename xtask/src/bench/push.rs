//! Pushes of a project with a prebuilt static program and a build that is `true`.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use towpath_model::Timestamp;
use towpath_testkit::{TowpathServer, WorkTree, eventually_async};

use super::figures::{Samples, megabytes, memory};
use crate::process;

const PUSHES: u32 = 20;

#[derive(Default)]
struct Figures {
    first_command: Samples,
    first_answer: Samples,
    push: Samples,
}

pub(crate) async fn run(program: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = TowpathServer::start(program, &folder.path().join("data"), &[]).await?;
    let pid = server.pid().context("the server runs")?;
    let idle = memory(pid, "VmRSS")?;
    server.create_project("bench").await?;
    let tree = prepare()?;
    let mut figures = Figures::default();
    // The first push also makes the pods' network and has nothing to roll over.
    push_once(&server, &tree, 0, &mut Figures::default()).await?;
    for round in 1..=PUSHES {
        push_once(&server, &tree, round, &mut figures).await?;
    }
    println!(
        "\n{PUSHES} pushes of a prebuilt program, the build is `true`, two replicas roll over"
    );
    println!(
        "  {}",
        figures.push.line("git push, as the developer waits")
    );
    println!(
        "  {}",
        figures
            .first_command
            .line("acknowledged to first build command")
    );
    println!(
        "  {}",
        figures
            .first_answer
            .line("acknowledged to first answer of the new version")
    );
    println!(
        "  idle server {:.1} MB resident, after the pushes {:.1} MB",
        megabytes(idle),
        megabytes(memory(pid, "VmRSS")?)
    );
    server.stop().await
}

/// The demo's project, compiled once; the page's text comes from a file that each push changes.
fn prepare() -> Result<WorkTree> {
    let tree = WorkTree::new()?;
    let root = process::root();
    let source = std::fs::read_to_string(root.join("examples/hello/src/server.rs"))?;
    let source = source.replace(
        "page(COLOUR)",
        "std::fs::read_to_string(\"/page\").unwrap()",
    );
    tree.write("server.rs", source)?;
    let compiled = Command::new("rustc")
        .current_dir(tree.path())
        .args([
            "--edition",
            "2021",
            "-O",
            "-A",
            "warnings",
            "-C",
            "target-feature=+crt-static",
            "-C",
            "strip=symbols",
        ])
        .args(["server.rs", "-o", "server"])
        .status()?;
    ensure!(compiled.success(), "rustc: {compiled}");
    tree.copy(&root.join("examples/hello/k8s"))
        .or_else(|_| bail!("no examples/hello/k8s"))?;
    let manifests = ["deployment.yml", "service.yml"];
    for name in manifests {
        let text = std::fs::read_to_string(root.join("examples/hello/k8s").join(name))?;
        tree.write(
            &format!("k8s/{name}"),
            text.replace("hello:latest", "bench:latest"),
        )?;
        std::fs::remove_file(tree.path().join(name))?;
    }
    tree.write(
        "Dockerfile",
        "FROM scratch\nCOPY server /server\nCOPY page /page\nENTRYPOINT [\"/server\"]\n",
    )?;
    tree.write(
        "buildspec.yml",
        "version: 0.2\nphases:\n  build:\n    commands:\n      - \"true\"\n",
    )?;
    Ok(tree)
}

async fn push_once(
    server: &TowpathServer,
    tree: &WorkTree,
    round: u32,
    figures: &mut Figures,
) -> Result<()> {
    let page = format!("version {round}");
    tree.write("page", &page)?;
    tree.commit(&page)?;
    let start = Instant::now();
    tree.push(&server.git_url("bench"))?;
    let acknowledged = Instant::now();
    figures.push.push(acknowledged - start);
    let number = u64::from(round) + 1;
    wait_for_page(server, number, &page).await?;
    figures.first_answer.push(acknowledged.elapsed());
    let execution = server.finished("bench", number).await;
    ensure!(
        execution["status"] == "succeeded",
        "execution {number}: {execution:#}"
    );
    figures.first_command.push(first_command(&execution)?);
    Ok(())
}

async fn wait_for_page(server: &TowpathServer, number: u64, page: &str) -> Result<()> {
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(0)
        .build()?;
    let url = app_url(server, number).await?;
    eventually_async(page, || async {
        let text = client.get(&url).send().await.ok()?.text().await.ok()?;
        (text == page).then_some(())
    })
    .await;
    Ok(())
}

async fn app_url(server: &TowpathServer, number: u64) -> Result<String> {
    let url = eventually_async("the app's URL", || async {
        let project = server.get("/api/v1/projects/bench").await.ok()?;
        let failed = project["latest_execution"]["status"] == "failed"
            && project["latest_execution"]["number"].as_u64() == Some(number);
        let url = project["app_urls"][0].as_str().map(str::to_owned);
        (failed || url.is_some()).then_some(url)
    })
    .await;
    url.with_context(|| format!("execution {number} failed before the app had a URL"))
}

/// From the event's row, written just before git was answered, to the start of the first phase of the build.
fn first_command(execution: &Value) -> Result<Duration> {
    let time =
        |value: &Value| -> Result<Timestamp> { Ok(value.as_str().context("a time")?.parse()?) };
    let stages = execution["stages"].as_array().context("stages")?;
    let build = stages
        .iter()
        .find(|stage| stage["name"] == "Build")
        .context("stage Build")?;
    let command = &build["actions"][0]["phases"][0]["started_at"];
    Ok(time(command)?.since(time(&execution["triggered_at"])?))
}
