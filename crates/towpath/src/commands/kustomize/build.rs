use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use towpath_kustomize::{Build, LoadRestrictor};
use towpath_model::Diagnostics;

use super::gather::gather_with;
use super::remote::{self, Fetched};
use super::scratch::Scratch;
use super::{Gathered, git_url, helm, paths};
use crate::cli::kustomize::{KustomizeBuildOptions, RuleOptions};
use crate::exit::Verdict;
use crate::runtime::wait;

/// Upstream's program labels also by this variable.
const MANAGED_BY: &str = "KUSTOMIZE_ENABLE_MANAGEDBY_LABEL";

/// URLs that one build may fetch.
const MOST_REMOTES: usize = 100;

pub fn run(options: &KustomizeBuildOptions) -> Result<Verdict> {
    deprecations(&options.rules);
    write(options, &built(options)?)?;
    Ok(Verdict::Fine)
}

/// What was not read is why the build did not find it.
pub fn explained(gathered: &Gathered, wrong: Diagnostics) -> Diagnostics {
    match gathered.refused.is_empty() {
        true => paths::located(wrong, &gathered.root),
        false => Diagnostics(gathered.refused.clone()),
    }
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
    let scratch = Scratch::default();
    let mut fetching = Fetching::new(&scratch);
    let mut gathered = fetching.gather(&options.dir, build.load_restrictor)?;
    loop {
        let wrong = match towpath_kustomize::build(&gathered.tree, &gathered.folder, &build) {
            Ok(built) => {
                warn(&gathered, &built);
                return Ok(built);
            }
            Err(wrong) => wrong,
        };
        // A build without charts does not look for them.
        if !helm::inflate(&mut gathered, &options.helm, &build, &scratch)? {
            return Err(explained(&gathered, wrong).into());
        }
    }
}

/// What has been fetched so far.
struct Fetching<'s> {
    scratch: &'s Scratch,
    fetched: BTreeMap<String, Fetched>,
}

impl<'s> Fetching<'s> {
    fn new(scratch: &'s Scratch) -> Self {
        Self {
            scratch,
            fetched: BTreeMap::new(),
        }
    }

    /// Reads and fetches in turns: what was fetched may name what is remote.
    fn gather(&mut self, dir: &str, restrictor: LoadRestrictor) -> Result<Gathered> {
        let is_url = !Path::new(dir).exists() && git_url::parse(dir).is_some();
        let dir = match is_url {
            true => {
                let fetched = self.fetch(dir)?;
                self.fetched.insert(dir.to_owned(), fetched.clone());
                fetched.path
            }
            false => dir.into(),
        };
        loop {
            let gathered = gather_with(&dir, restrictor, &self.fetched)?;
            if gathered.unfetched.is_empty() {
                return Ok(gathered);
            }
            for url in &gathered.unfetched {
                let fetched = self.fetch(url)?;
                self.fetched.insert(url.clone(), fetched);
            }
        }
    }

    fn fetch(&self, url: &str) -> Result<Fetched> {
        if self.fetched.len() >= MOST_REMOTES {
            bail!("more than {MOST_REMOTES} remote resources");
        }
        let into = self.scratch.folder()?;
        wait(remote::fetch(url, &into))
    }
}

/// On stderr, as upstream's program warns of deprecated fields.
fn warn(gathered: &Gathered, built: &Build) {
    let warnings = Diagnostics(built.warnings.clone());
    for warning in paths::located(warnings, &gathered.root).0 {
        eprintln!("warning: {warning}");
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
