//! `kustomize build`, ours beside upstream's, on the same trees in one run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

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
    let all = seconds(&first_renders())?;
    let each = all / OVERLAYS as f64;
    println!(
        "  {:.1} ms in all, {:.0} us each, {:.0} times the throughput of upstream's processes",
        all * 1e3,
        each * 1e6,
        one.wall.as_secs_f64() / each
    );
    let twice = seconds(&[first_renders(), second_renders()].concat())?;
    let again = (twice - all) / OVERLAYS as f64;
    println!(
        "  {:.0} us each, when one overlay has changed and is rendered again",
        again * 1e6
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

/// Each overlay rendered once; the first request holds the base and all overlays.
fn first_renders() -> Vec<Value> {
    let files = (0..OVERLAYS).flat_map(|number| in_its_folder(number, number));
    let first = json!({ "files": object(files), "path": "overlay0" });
    let others = (1..OVERLAYS).map(|number| json!({ "change": {}, "path": folder(number) }));
    [first].into_iter().chain(others).collect()
}

/// Each overlay rendered once more, changed just before.
fn second_renders() -> Vec<Value> {
    let renders = (0..OVERLAYS).map(|number| {
        let files = in_its_folder(number, number + OVERLAYS);
        let changed = files
            .into_iter()
            .filter(|(path, _)| path.ends_with("/kustomization.yaml"));
        let changed = changed.filter(|(path, _)| !path.starts_with("base/"));
        json!({ "change": object(changed), "path": folder(number) })
    });
    renders.collect()
}

fn folder(number: usize) -> String {
    format!("overlay{number}")
}

/// The overlay of one number as what another would hold.
fn in_its_folder(number: usize, content: usize) -> Files {
    let named = one_overlay(content).into_iter();
    let named = named.map(|(path, text)| {
        (
            path.replace("overlay/", &format!("{}/", folder(number))),
            text,
        )
    });
    named.collect()
}

fn object(files: impl IntoIterator<Item = (String, String)>) -> Value {
    let files = files.into_iter();
    Value::Object(files.map(|(path, text)| (path, text.into())).collect())
}

/// What one process takes to answer, with the reading of the requests; the median of all runs.
fn seconds(requests: &[Value]) -> Result<f64> {
    let example = ["--package", "towpath-kustomize", "--example", "answer"];
    process::run(process::cargo().args(["build", "--release"]).args(example))?;
    let lines: Vec<String> = requests
        .iter()
        .map(|request| format!("{request}\n"))
        .collect();
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("requests");
    fs::write(&path, lines.concat())?;
    let runs = (0..RUNS).map(|_| seconds_once(&path, requests.len()));
    let mut runs = runs.collect::<Result<Vec<f64>>>()?;
    runs.sort_by(f64::total_cmp);
    runs.get(RUNS / 2).copied().context("no run")
}

fn seconds_once(requests: &Path, count: usize) -> Result<f64> {
    let start = Instant::now();
    let output = Command::new(super::target().join("release/examples/answer"))
        .stdin(Stdio::from(fs::File::open(requests)?))
        .output()?;
    let seconds = start.elapsed().as_secs_f64();
    let answers = String::from_utf8(output.stdout)?;
    let built = answers.lines().filter(|line| line.contains("\"output\""));
    ensure!(built.count() == count, "not every overlay was built");
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
