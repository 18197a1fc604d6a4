//! `cargo xtask schema`: what strategic merge patches need of Kubernetes' OpenAPI document, from the one that
//! kustomize embeds, as a small table: a line for each definition, so that one can be read without the others.

mod protobuf;
mod prune;
mod swagger;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::Value;

use prune::GVK;

/// Where the table stands.
const TABLE: &str = "crates/kustomize/src/merge/definitions.tsv";

/// Below Go's module cache; the version is the one that kustomize 5.8.1 is built with.
const DOCUMENT: &str =
    "sigs.k8s.io/kustomize/kyaml@v0.21.1/openapi/kubernetesapi/v1_21_2/swagger.pb";

#[derive(Args)]
pub(crate) struct Options {
    /// The document, as gnostic's protocol buffers; found in Go's module cache when not given
    #[arg(long)]
    document: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let path = match &options.document {
        Some(path) => path.clone(),
        None => module_cache()?.join(DOCUMENT),
    };
    let document = std::fs::read(&path).with_context(|| {
        format!(
            "reading {}; `go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1` puts it there",
            path.display()
        )
    })?;
    let table = prune::prune(swagger::definitions(&document)?);
    let lines: Vec<String> = table.into_iter().map(line).collect();
    std::fs::write(TABLE, lines.concat()).with_context(|| format!("writing {TABLE}"))?;
    println!("{TABLE}: {} definitions", lines.len());
    Ok(())
}

/// The name, the types as `apiVersion kind`, and the definition.
fn line((name, mut definition): (String, Value)) -> String {
    let kinds = definition.as_object_mut().and_then(|map| map.remove(GVK));
    let kinds = kinds
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let kinds: Vec<String> = kinds.map(kind).collect();
    format!("{name}\t{}\t{definition}\n", kinds.join(","))
}

fn kind(kind: &Value) -> String {
    let text = |key: &str| kind[key].as_str().unwrap_or_default();
    match text("group") {
        "" => format!("{} {}", text("version"), text("kind")),
        group => format!("{group}/{} {}", text("version"), text("kind")),
    }
}

fn module_cache() -> Result<PathBuf> {
    let output = Command::new("go")
        .args(["env", "GOMODCACHE"])
        .output()
        .context("running `go env GOMODCACHE`; install Go or give --document")?;
    ensure!(output.status.success(), "`go env GOMODCACHE` failed");
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}
