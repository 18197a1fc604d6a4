//! `towpath check`: reads what a push would be built and deployed from. It writes nothing and runs nothing of it.

mod files;
mod manifests;
mod problem;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::json;
use towpath_cluster::Object;
use towpath_cluster::manifest;
use towpath_kustomize::Options;
use towpath_model::{Diagnostic, Diagnostics};

use super::kustomize::{NAMES, explained, gather};
use super::run::snapshot::Tree;
use crate::cli::check::CheckOptions;
use crate::exit::Verdict;
use crate::output::{self, counted};
use files::{is_manifest, manifests_in, read, shown_from_here, start_of};
use manifests::Project;
use problem::{Problem, Severity};

const BUILDSPECS: [&str; 2] = ["buildspec.yml", "buildspec.yaml"];
const DOCKERFILE: &str = "Dockerfile";
const MANIFESTS: &str = "k8s";
/// What other services read in a repository, and this version does not.
const NOT_READ: [&str; 5] = [
    ".towpath/pipeline.yaml",
    ".towpath/pipeline.json",
    "Jenkinsfile",
    ".circleci/config.yml",
    "ci/pipeline.yml",
];

pub async fn run(options: CheckOptions) -> Result<Verdict> {
    let mut checked = Checked::new(&options);
    for path in &options.paths {
        let kind = path
            .metadata()
            .with_context(|| path.display().to_string())?;
        match kind.is_dir() {
            true => checked.folder(path).await?,
            false => checked.file(path)?,
        }
    }
    checked.told()
}

struct Checked<'o> {
    options: &'o CheckOptions,
    /// What was looked at.
    looked_at: Vec<String>,
    /// The text of each file that a problem may be in.
    sources: BTreeMap<String, String>,
    problems: Vec<Problem>,
}

impl<'o> Checked<'o> {
    fn new(options: &'o CheckOptions) -> Self {
        Self {
            options,
            looked_at: Vec::new(),
            sources: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// A repository, or a folder of manifests.
    async fn folder(&mut self, folder: &Path) -> Result<()> {
        let parts = BUILDSPECS.into_iter().chain([DOCKERFILE, MANIFESTS]);
        if !parts.into_iter().any(|name| folder.join(name).exists()) && has_manifests(folder)? {
            return self.manifests(folder, None);
        }
        for name in BUILDSPECS.map(|name| folder.join(name)) {
            if name.is_file() {
                self.buildspec(&name)?;
            }
        }
        let dockerfile = folder.join(DOCKERFILE);
        if dockerfile.is_file() {
            self.dockerfile(&dockerfile)?;
        }
        if folder.join(MANIFESTS).is_dir() {
            let project = match dockerfile.is_file() {
                true => self.project(folder).await,
                false => None,
            };
            self.manifests(&folder.join(MANIFESTS), project.as_ref())?;
        }
        self.not_read(folder);
        Ok(())
    }

    /// By its name, and else a manifest.
    fn file(&mut self, path: &Path) -> Result<()> {
        let name = path.file_name().map(|name| name.to_string_lossy());
        let name = name.unwrap_or_default();
        if NAMES.contains(&&*name) {
            let folder = path.parent().filter(|folder| *folder != Path::new(""));
            return self.manifests(folder.unwrap_or(Path::new(".")), None);
        }
        if name.starts_with("buildspec") {
            return self.buildspec(path);
        }
        if name.starts_with(DOCKERFILE) || name.ends_with(&format!(".{DOCKERFILE}")) {
            return self.dockerfile(path);
        }
        if is_manifest(path) {
            return self.as_they_are(&shown_from_here(path), [path.to_owned()], None);
        }
        bail!(
            "{}: not known by its name: expected buildspec*.yml, Dockerfile*, kustomization.yaml, or a manifest \
             (.yaml, .yml, .json)",
            path.display()
        )
    }

    fn buildspec(&mut self, path: &Path) -> Result<()> {
        self.text(path, |file, text| {
            towpath_runner::buildspec::parse(file, text).map(drop)
        })
    }

    fn dockerfile(&mut self, path: &Path) -> Result<()> {
        self.text(path, |file, text| {
            towpath_dockerfile::parse(file, text).map(drop)
        })
    }

    fn text(
        &mut self,
        path: &Path,
        parse: impl FnOnce(&str, &str) -> Result<(), Diagnostics>,
    ) -> Result<()> {
        let file = shown_from_here(path);
        match read(path, &file)? {
            Ok(text) => {
                let parsed = parse(&file, &text);
                self.sources.insert(file.clone(), text);
                self.errors(parsed.err());
            }
            Err(wrong) => self.problems.push(Problem::error(wrong)),
        }
        self.looked_at.push(file);
        Ok(())
    }

    fn manifests(&mut self, folder: &Path, project: Option<&Project>) -> Result<()> {
        match NAMES.iter().any(|name| folder.join(name).is_file()) {
            true => self.rendered(folder, project),
            false => {
                let name = shown_from_here(folder);
                self.as_they_are(&name, manifests_in(folder)?, project)
            }
        }
    }

    fn rendered(&mut self, folder: &Path, project: Option<&Project>) -> Result<()> {
        let options = Options::default();
        let gathered = gather(folder, options.load_restrictor)?;
        let name = shown_from_here(folder);
        match towpath_kustomize::build(&gathered.tree, &gathered.folder, &options) {
            Ok(built) => {
                let file = format!("{name} (rendered)");
                let parsed = manifest::parse(&file, &built.yaml);
                self.sources.insert(file, built.yaml);
                self.objects(parsed, project);
            }
            Err(wrong) => {
                let wrong = explained(&gathered, wrong);
                for diagnostic in &wrong.0 {
                    self.remember(&diagnostic.location.file);
                }
                self.errors(Some(wrong));
            }
        }
        self.looked_at.push(name);
        Ok(())
    }

    fn as_they_are(
        &mut self,
        name: &str,
        paths: impl IntoIterator<Item = std::path::PathBuf>,
        project: Option<&Project>,
    ) -> Result<()> {
        let mut texts = Vec::new();
        for path in paths {
            let file = shown_from_here(&path);
            match read(&path, &file)? {
                Ok(text) => texts.push((file, text)),
                Err(wrong) => self.problems.push(Problem::error(wrong)),
            }
        }
        let files = texts
            .iter()
            .map(|(file, text)| (file.as_str(), text.as_str()));
        let parsed = manifest::parse_files(files);
        self.sources.extend(texts);
        self.objects(parsed, project);
        self.looked_at.push(name.to_owned());
        Ok(())
    }

    fn objects(&mut self, parsed: Result<Vec<Object>, Diagnostics>, project: Option<&Project>) {
        match parsed {
            Ok(objects) => {
                let judged = manifests::judge(&objects, self.options.target, project);
                self.problems.extend(judged);
            }
            Err(wrong) => self.errors(Some(wrong)),
        }
    }

    /// A file of a kustomization, for its excerpt; one that cannot be read has none.
    fn remember(&mut self, file: &str) {
        if let Ok(Ok(text)) = read(Path::new(file), file) {
            self.sources.insert(file.to_owned(), text);
        }
    }

    /// As it is named, else as `towpath run` would name it.
    async fn project(&self, folder: &Path) -> Option<Project> {
        if let Some(name) = &self.options.project {
            let name = name.clone();
            return Some(Project {
                name,
                guessed: false,
            });
        }
        // No name, no such check: the folder may have any.
        let name = Tree::find(folder).await.ok()?.project().ok()?;
        Some(Project {
            name,
            guessed: true,
        })
    }

    fn not_read(&mut self, folder: &Path) {
        for name in NOT_READ {
            let path = folder.join(name);
            if path.is_file() {
                let file = shown_from_here(&path);
                let diagnostic = Diagnostic::new(start_of(&file), "this version does not read it");
                let help = "the pipeline follows from buildspec.yml, ci/ scripts or a Makefile, from Dockerfile \
                            and k8s/";
                self.problems.push(Problem::warning(diagnostic.help(help)));
            }
        }
    }

    fn errors(&mut self, wrong: Option<Diagnostics>) {
        let wrong = wrong.into_iter().flat_map(|Diagnostics(wrong)| wrong);
        self.problems.extend(wrong.map(Problem::error));
    }

    fn told(mut self) -> Result<Verdict> {
        let place = |problem: &Problem| problem.diagnostic.location.clone();
        self.problems
            .sort_by_key(|problem| (place(problem), problem.severity));
        self.problems.dedup();
        let errors = self.count(Severity::Error);
        if self.options.json {
            let problems: Vec<_> = self.problems.iter().map(Problem::document).collect();
            output::print_json(&json!({ "checked": self.looked_at, "problems": problems }))?;
        } else {
            for problem in &self.problems {
                println!("{}\n", problem.render(&self.sources));
            }
            println!("{}", self.summary());
        }
        Ok(match errors {
            0 => Verdict::Fine,
            _ => Verdict::Problems,
        })
    }

    fn summary(&self) -> String {
        let all = self.looked_at.join(", ");
        let (errors, warnings) = (self.count(Severity::Error), self.count(Severity::Warning));
        match (self.looked_at.is_empty(), errors, warnings) {
            (true, ..) => "Nothing to check: no buildspec.yml, no Dockerfile, no k8s/.".to_owned(),
            (_, 0, 0) => format!("Fine: {all}."),
            (_, 0, _) => format!("Fine, with {}: {all}.", counted(warnings, "warning")),
            (_, _, 0) => format!("{} in {all}.", counted(errors, "error")),
            _ => format!(
                "{} and {} in {all}.",
                counted(errors, "error"),
                counted(warnings, "warning")
            ),
        }
    }

    fn count(&self, severity: Severity) -> usize {
        let of = |problem: &&Problem| problem.severity == severity;
        self.problems.iter().filter(of).count()
    }
}

fn has_manifests(folder: &Path) -> Result<bool> {
    let kustomization = NAMES.iter().any(|name| folder.join(name).is_file());
    let mut entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    Ok(kustomization || entries.any(|entry| entry.is_ok_and(|entry| is_manifest(&entry.path()))))
}
