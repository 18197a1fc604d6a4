//! `towpath check`: reads what a push of this folder would be built and deployed from, and runs nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use towpath_cluster::manifest;
use towpath_kustomize::Options;
use towpath_model::{Diagnostic, Diagnostics, Location};

use super::kustomize::{NAMES, explained, gather, shown};
use crate::cli::kustomize::CheckOptions;
use crate::exit::Verdict;

/// Bytes of one file.
const MOST_BYTES: u64 = 16 << 20;
/// Manifests of one folder.
const MOST_FILES: usize = 10_000;

const BUILDSPECS: [&str; 2] = ["buildspec.yml", "buildspec.yaml"];

pub fn run(options: &CheckOptions) -> Result<Verdict> {
    let folder = &options.dir;
    if !folder.is_dir() {
        bail!("{} is not a folder", folder.display());
    }
    let mut checked = Checked::default();
    for name in BUILDSPECS {
        checked.text(&folder.join(name), |file, text| {
            towpath_runner::buildspec::parse(file, text).map(drop)
        })?;
    }
    checked.text(&folder.join("Dockerfile"), |file, text| {
        towpath_dockerfile::parse(file, text).map(drop)
    })?;
    checked.manifests(&folder.join("k8s"))?;
    Ok(checked.told())
}

#[derive(Default)]
struct Checked {
    /// What was looked at.
    looked_at: Vec<String>,
    problems: Vec<Diagnostic>,
}

impl Checked {
    fn text(
        &mut self,
        path: &Path,
        parse: impl FnOnce(&str, &str) -> Result<(), Diagnostics>,
    ) -> Result<()> {
        if !path.is_file() {
            return Ok(());
        }
        let file = shown_from_here(path);
        match read(path, &file)? {
            Ok(text) => self.note(file.clone(), parse(&file, &text)),
            Err(wrong) => self.note(file, Err(wrong.into())),
        }
        Ok(())
    }

    fn manifests(&mut self, folder: &Path) -> Result<()> {
        if !folder.is_dir() {
            return Ok(());
        }
        match NAMES.iter().any(|name| folder.join(name).is_file()) {
            true => self.rendered(folder),
            false => self.as_they_are(folder),
        }
    }

    fn rendered(&mut self, folder: &Path) -> Result<()> {
        let options = Options::default();
        let gathered = gather(folder, options.load_restrictor)?;
        let built = towpath_kustomize::build(&gathered.tree, &gathered.folder, &options)
            .map_err(|wrong| explained(&gathered, wrong));
        let name = shown_from_here(folder);
        let parsed = built.and_then(|built| {
            manifest::parse(&format!("{name} (rendered)"), &built.yaml).map(drop)
        });
        self.note(name, parsed);
        Ok(())
    }

    fn as_they_are(&mut self, folder: &Path) -> Result<()> {
        let mut texts = Vec::new();
        for path in manifests_in(folder)? {
            let file = shown_from_here(&path);
            match read(&path, &file)? {
                Ok(text) => texts.push((file, text)),
                Err(wrong) => self.problems.push(wrong),
            }
        }
        let files = texts
            .iter()
            .map(|(file, text)| (file.as_str(), text.as_str()));
        let parsed = manifest::parse_files(files).map(drop);
        self.note(shown_from_here(folder), parsed);
        Ok(())
    }

    fn note(&mut self, what: String, checked: Result<(), Diagnostics>) {
        self.looked_at.push(what);
        if let Err(Diagnostics(wrong)) = checked {
            self.problems.extend(wrong);
        }
    }

    fn told(self) -> Verdict {
        for problem in &self.problems {
            println!("{problem}");
        }
        match (self.looked_at.is_empty(), self.problems.len()) {
            (true, _) => println!("Nothing to check: no buildspec.yml, no Dockerfile, no k8s/."),
            (false, 0) => println!("Fine: {}.", self.looked_at.join(", ")),
            (false, 1) => println!("1 problem in {}.", self.looked_at.join(", ")),
            (false, n) => println!("{n} problems in {}.", self.looked_at.join(", ")),
        }
        match self.problems.is_empty() {
            true => Verdict::Fine,
            false => Verdict::Problems,
        }
    }
}

fn shown_from_here(path: &Path) -> String {
    path.canonicalize()
        .map_or_else(|_| path.display().to_string(), |path| shown(&path))
}

/// The text of a file, or what is wrong with all of it.
fn read(path: &Path, file: &str) -> Result<Result<String, Diagnostic>> {
    let wrong = |message: String| {
        let location = Location {
            file: file.to_owned(),
            line: 1,
            column: 1,
        };
        Ok(Err(Diagnostic::new(location, message)))
    };
    let context = || format!("cannot read {file}");
    if fs::metadata(path).with_context(context)?.len() > MOST_BYTES {
        return wrong(format!("the file has more than {} MiB", MOST_BYTES >> 20));
    }
    match String::from_utf8(fs::read(path).with_context(context)?) {
        Ok(text) => Ok(Ok(text)),
        Err(_) => wrong("the file is not UTF-8".to_owned()),
    }
}

/// All manifests below a folder, in order. Folders behind links are not entered.
fn manifests_in(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        let context = || format!("cannot read {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(context)? {
            let entry = entry.with_context(context)?;
            let path = entry.path();
            if entry.file_type().with_context(context)?.is_dir() {
                waiting.push(path);
            } else if is_manifest(&path) && path.is_file() {
                files.insert(path);
            }
        }
        if files.len() > MOST_FILES {
            bail!("k8s/ has more than {MOST_FILES} manifests");
        }
    }
    Ok(files)
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json"))
}
