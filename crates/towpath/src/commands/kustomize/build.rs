use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use towpath_kustomize::Build;
use towpath_model::Diagnostics;

use super::{Gathered, gather, paths};
use crate::cli::kustomize::{KustomizeBuildOptions, RuleOptions};
use crate::exit::Verdict;

/// Upstream's program labels also by this variable.
const MANAGED_BY: &str = "KUSTOMIZE_ENABLE_MANAGEDBY_LABEL";

pub async fn run(options: &KustomizeBuildOptions) -> Result<Verdict> {
    deprecations(&options.rules);
    write(options, &built(options)?)?;
    Ok(Verdict::Fine)
}

fn deprecations(rules: &RuleOptions) {
    if rules.reorder.is_some() {
        eprintln!(
            "Flag --reorder has been deprecated, use the new 'sortOptions' field in kustomization.yaml instead."
        );
    }
    if rules.enable_managedby_label {
        eprintln!(
            "Flag --enable-managedby-label has been deprecated, use the `managedByLabel` option in the `buildMetadata` field instead."
        );
    }
}

fn built(options: &KustomizeBuildOptions) -> Result<Build> {
    let mut build = options.rules.options();
    build.managed_by_label |= std::env::var_os(MANAGED_BY).is_some_and(|value| value == "on");
    let gathered = gather(Path::new(&options.dir), build.load_restrictor)?;
    let built = towpath_kustomize::build(&gathered.tree, &gathered.folder, &build);
    let built = built.map_err(|wrong| explained(&gathered, wrong))?;
    warn(&gathered, &built);
    Ok(built)
}

/// On stderr, as upstream's program warns of deprecated fields.
fn warn(gathered: &Gathered, built: &Build) {
    let warnings = Diagnostics(built.warnings.clone());
    for warning in paths::located(warnings, &gathered.root).0 {
        eprintln!("warning: {warning}");
    }
}

/// What was not read is why the build did not find it.
pub fn explained(gathered: &Gathered, wrong: Diagnostics) -> Diagnostics {
    match gathered.refused.is_empty() {
        true => paths::located(wrong, &gathered.root),
        false => Diagnostics(gathered.refused.clone()),
    }
}

fn write(options: &KustomizeBuildOptions, built: &Build) -> Result<()> {
    match &options.output {
        Some(folder) if folder.is_dir() => built.documents.iter().try_for_each(|document| {
            let yaml = &built.yaml[document.bytes.clone()];
            write_file(&folder.join(&document.file_name), yaml)
        }),
        Some(file) => write_file(file, &built.yaml),
        None => match io::stdout().lock().write_all(built.yaml.as_bytes()) {
            // Who reads has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.context("cannot write the output"),
        },
    }
}

fn write_file(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
