//! `kustomize build`, ours beside upstream's, on the same trees in one run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::figures::megabytes;
use crate::measure::{Cost, cost};
use crate::process;

/// Runs of a small tree, of which the median counts.
const RUNS: usize = 11;
const OVERLAYS: usize = 1000;

pub(crate) fn run(program: &Path) -> Result<()> {
    let upstream = upstream()?;
    let ours = program.to_str().context("a plain path")?;
    let folder = tempfile::tempdir()?;
    println!("\nkustomize build, one overlay, a whole process each");
    let tree = folder.path().join("one");
    write(&tree, &one_overlay(0))?;
    let overlay = tree.join("overlay");
    let one = upstream_cost(&upstream, &overlay, RUNS)?;
    show("upstream", one);
    show("towpath", our_cost(ours, &overlay, RUNS)?);
    println!("\n{OVERLAYS} overlays of one base, in one process");
    let seconds = many_overlays()?;
    let each = seconds / OVERLAYS as f64;
    println!(
        "  {:.1} ms in all, {:.0} us each, {:.0} times the throughput of upstream's processes",
        seconds * 1e3,
        each * 1e6,
        one.wall.as_secs_f64() / each
    );
    for (count, runs) in [(5_000, 1), (20_000, 0)] {
        println!("\n{count} Deployments with prefix, namespace and image");
        let tree = folder.path().join(count.to_string());
        write(&tree, &deployments(count))?;
        if runs > 0 {
            show("upstream", upstream_cost(&upstream, &tree, runs)?);
        }
        show("towpath", our_cost(ours, &tree, RUNS)?);
    }
    Ok(())
}

fn upstream() -> Result<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("kustomize"))
        .find(|path| path.is_file())
        .context("upstream's program `kustomize` v5.8.1 is not on the PATH; .ci/install builds it")
}

fn upstream_cost(program: &Path, folder: &Path, runs: usize) -> Result<Cost> {
    let (program, folder) = (program.to_string_lossy(), folder.to_string_lossy());
    median(&[&*program, "build", &*folder], runs)
}

fn our_cost(program: &str, folder: &Path, runs: usize) -> Result<Cost> {
    let folder = folder.to_string_lossy();
    median(&[program, "kustomize", "build", &*folder], runs)
}

fn median(command: &[&str], runs: usize) -> Result<Cost> {
    let mut costs = (0..runs)
        .map(|_| cost(command))
        .collect::<Result<Vec<_>>>()?;
    costs.sort_by_key(|cost| cost.wall);
    costs.get(runs / 2).copied().context("no run")
}

fn show(who: &str, cost: Cost) {
    println!(
        "  {who:<10} wall {:>9.1} ms   user {:>9.1} ms   peak {:>6.1} MiB",
        cost.wall.as_secs_f64() * 1e3,
        cost.user.as_secs_f64() * 1e3,
        megabytes(cost.memory)
    );
}

/// Seconds that one process takes for all overlays, with the reading of its requests.
fn many_overlays() -> Result<f64> {
    let example = ["--package", "towpath-kustomize", "--example", "answer"];
    process::run(process::cargo().args(["build", "--release"]).args(example))?;
    let mut requests = String::new();
    for number in 0..OVERLAYS {
        let files: serde_json::Map<_, _> = one_overlay(number)
            .into_iter()
            .map(|(path, text)| (path, text.into()))
            .collect();
        requests += &format!("{}\n", json!({ "files": files, "path": "overlay" }));
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("requests");
    fs::write(&path, requests)?;
    let start = Instant::now();
    let output = Command::new(super::target().join("release/examples/answer"))
        .stdin(Stdio::from(fs::File::open(&path)?))
        .output()?;
    let seconds = start.elapsed().as_secs_f64();
    let answers = String::from_utf8(output.stdout)?;
    let built = answers.lines().filter(|line| line.contains("\"output\""));
    ensure!(built.count() == OVERLAYS, "not every overlay was built");
    Ok(seconds)
}

fn write(folder: &Path, files: &[(String, String)]) -> Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().context("a folder")?)?;
        fs::write(path, text)?;
    }
    Ok(())
}

type Files = Vec<(String, String)>;

fn one_overlay(number: usize) -> Files {
    let overlay = format!(
        "resources: [../base]\nnamePrefix: app{number}-\nnamespace: shop{number}\n\
         labels:\n- pairs: {{team: river{number}}}\n  includeSelectors: true\n\
         images:\n- {{name: nginx, newTag: '1.{number}'}}\n\
         replicas:\n- {{name: web, count: {}}}\n\
         configMapGenerator:\n- name: settings\n  literals: [number={number}]\n\
         patches:\n- path: patch.yaml\n",
        number % 7
    );
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      \
                 containers:\n      - name: web\n        resources: {limits: {memory: 1Gi}}\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: web}\n  ports:\n  - port: 80\n";
    Files::from([
        (
            "base/kustomization.yaml".into(),
            "resources: [web.yaml, service.yaml]\n".into(),
        ),
        ("base/web.yaml".into(), deployment("web")),
        ("base/service.yaml".into(), service.into()),
        ("overlay/kustomization.yaml".into(), overlay),
        ("overlay/patch.yaml".into(), patch.into()),
    ])
}

fn deployments(count: usize) -> Files {
    let all: Vec<String> = (0..count)
        .map(|number| deployment(&format!("web{number}")))
        .collect();
    let kustomization = "resources: [all.yaml]\nnamePrefix: p-\nnamespace: shop\nimages:\n- {name: nginx, newTag: '2'}\n";
    Files::from([
        ("kustomization.yaml".into(), kustomization.into()),
        ("all.yaml".into(), all.join("---\n")),
    ])
}

fn deployment(name: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  replicas: 1\n  selector:\n    \
         matchLabels:\n      app: {name}\n  template:\n    metadata:\n      labels:\n        app: {name}\n    spec:\n      \
         containers:\n      - name: web\n        image: nginx:1.14\n        envFrom:\n        - configMapRef:\n            \
         name: settings\n        ports:\n        - containerPort: 80\n"
    )
}
