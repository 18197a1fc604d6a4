//! `helmCharts`: rendered by the program helm, as upstream's `HelmChartInflationGenerator` calls it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};
use towpath_kustomize::LoadRestrictor;
use towpath_model::{Diagnostic, Diagnostics};
use towpath_yaml::edit::File;

use super::gather::{Gathered, NAMES, in_folder};
use super::paths::{clean, shown};
use crate::cli::kustomize::HelmOptions;

/// For one run of helm.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Charts are known by this in a kustomization.
const FIELD: &str = "helmCharts";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Chart {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    repo: String,
    #[serde(default)]
    release_name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    additional_values_files: Vec<String>,
    #[serde(default)]
    values_file: String,
    #[serde(default)]
    values_inline: Map<String, Value>,
    #[serde(default)]
    values_merge: ValuesMerge,
    #[serde(default, rename = "includeCRDs")]
    include_crds: bool,
    #[serde(default)]
    skip_hooks: bool,
    #[serde(default)]
    api_versions: Vec<String>,
    #[serde(default)]
    kube_version: String,
    #[serde(default)]
    name_template: String,
    #[serde(default)]
    skip_tests: bool,
    #[serde(default)]
    debug: bool,
    #[serde(default)]
    devel: bool,
}

/// Which values win where both the file and the kustomization have them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ValuesMerge {
    /// The kustomization's.
    #[default]
    Override,
    /// The file's.
    Merge,
    /// Those of the file do not count.
    Replace,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Globals {
    #[serde(default)]
    chart_home: String,
    #[serde(default)]
    config_home: String,
}

/// Puts what helm renders in the place of all charts.
///
/// # Errors
/// When there are charts and helm may not be run, is not installed, or fails.
pub async fn inflate(
    gathered: &mut Gathered,
    options: &HelmOptions,
    restrictor: LoadRestrictor,
    scratch: &Path,
) -> Result<()> {
    let files: Vec<String> = gathered.files.iter().cloned().collect();
    for path in files {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if !NAMES.contains(&name) {
            continue;
        }
        let Some((_, root)) = gathered.kustomization(folder) else {
            continue;
        };
        let field = root.entries().iter().find(|entry| entry.name() == FIELD);
        let Some(field) = field.filter(|field| !field.value.items().is_empty()) else {
            continue;
        };
        let place = shown(&gathered.root.join(&path));
        if !options.enable_helm {
            let message = "must specify --enable-helm: `helmCharts` runs the program helm";
            let wrong = Diagnostic::new(field.key.location(&place), message);
            return Err(Diagnostics::from(wrong).into());
        }
        let read = |value: Option<Value>| value.unwrap_or(Value::Null);
        let json = root.to_json();
        let charts: Vec<Chart> = serde_json::from_value(read(json.get(FIELD).cloned()))
            .with_context(|| format!("{}: helmCharts", field.key.location(&place)))?;
        let globals: Option<Globals> =
            serde_json::from_value(read(json.get("helmGlobals").cloned()))
                .with_context(|| format!("{place}: helmGlobals"))?;
        let helm = Helm {
            options,
            folder: gathered.root.join(folder),
            restrictor,
            globals: globals.unwrap_or_default(),
            scratch,
        };
        let rendered = helm.render_all(charts).await?;
        replace(gathered, &path, &rendered)?;
    }
    Ok(())
}

/// Charts become resources of the same kustomization.
fn replace(gathered: &mut Gathered, path: &str, rendered: &[(String, Vec<u8>)]) -> Result<()> {
    let (folder, _) = path.rsplit_once('/').unwrap_or(("", path));
    let text = gathered.tree.file(path);
    let text = std::str::from_utf8(text.unwrap_or_default())?;
    let mut file = File::new(&shown(&gathered.root.join(path)), text)?;
    file.remove(&[], FIELD)?;
    file.remove(&[], "helmGlobals")?;
    for (name, content) in rendered {
        file.push(&["resources"], &name.as_str().into())?;
        let path = in_folder(folder, name);
        gathered.tree.insert(&path, content.clone());
        gathered.files.insert(path);
    }
    let text = file.text().as_bytes().to_vec();
    gathered.tree.insert(path, text);
    Ok(())
}

/// Runs helm for the charts of one kustomization.
struct Helm<'h> {
    options: &'h HelmOptions,
    /// The kustomization's.
    folder: PathBuf,
    restrictor: LoadRestrictor,
    globals: Globals,
    scratch: &'h Path,
}

impl Helm<'_> {
    /// Names of files and their content.
    async fn render_all(&self, charts: Vec<Chart>) -> Result<Vec<(String, Vec<u8>)>> {
        let mut rendered = Vec::new();
        for (index, chart) in charts.into_iter().enumerate() {
            let name = format!("chart {index} ({}).yaml", chart.name.replace('/', "-"));
            rendered.push((name, self.render(chart).await?));
        }
        Ok(rendered)
    }

    async fn render(&self, mut chart: Chart) -> Result<Vec<u8>> {
        let home = self.home(&chart);
        let place = home.join(&chart.name);
        if !place.is_dir() {
            self.pull(&chart, &home).await?;
        }
        if !self.options.helm_api_versions.is_empty() {
            chart
                .api_versions
                .clone_from(&self.options.helm_api_versions);
        }
        if let Some(version) = &self.options.helm_kube_version {
            chart.kube_version.clone_from(version);
        }
        chart.debug |= self.options.helm_debug;
        let values = self.values(&chart, &place)?;
        self.run(&self.arguments(&chart, &place, &values)?).await
    }

    /// Where charts are kept.
    fn home(&self, chart: &Chart) -> PathBuf {
        let home = match &*self.globals.chart_home {
            "" => "charts",
            home => home,
        };
        let home = clean(&self.folder.join(home));
        match chart.version.is_empty() || chart.repo.is_empty() {
            true => home,
            false => home.join(format!("{}-{}", chart.name, chart.version)),
        }
    }

    async fn pull(&self, chart: &Chart, home: &Path) -> Result<()> {
        if chart.repo.is_empty() {
            let place = home.join(&chart.name);
            bail!(
                "no repo specified for pull, no chart found at {}",
                place.display()
            );
        }
        let home = home.display().to_string();
        let mut arguments = texts(&["pull", "--untar", "--untardir", &home]);
        match chart.repo.strip_prefix("oci://") {
            Some(repo) => {
                let repo = repo.trim_end_matches('/');
                arguments.push(format!("oci://{repo}/{}", chart.name));
            }
            None => arguments.extend(texts(&["--repo", &chart.repo, &chart.name])),
        }
        if !chart.version.is_empty() {
            arguments.extend(texts(&["--version", &chart.version]));
        }
        arguments.extend(chart.devel.then(|| "--devel".to_owned()));
        self.run(&arguments).await.map(drop)
    }

    /// The file with the values of the chart and of the kustomization.
    fn values(&self, chart: &Chart, place: &Path) -> Result<PathBuf> {
        let file = match &*chart.values_file {
            "" => place.join("values.yaml"),
            file => self.allowed(file)?,
        };
        let text = || {
            let text = std::fs::read_to_string(&file);
            text.with_context(|| format!("cannot read {}", shown(&file)))
        };
        let written = match (chart.values_inline.is_empty(), chart.values_merge) {
            (true, _) => text()?,
            (false, ValuesMerge::Replace) => to_yaml(&chart.values_inline),
            (false, how) => {
                let documents = towpath_yaml::parse(&shown(&file), &text()?)?;
                let root = documents.first().map(|document| document.root.to_json());
                let own = root.and_then(|root| root.as_object().cloned());
                let (mut low, high) = match how {
                    ValuesMerge::Merge => (chart.values_inline.clone(), own.unwrap_or_default()),
                    _ => (own.unwrap_or_default(), chart.values_inline.clone()),
                };
                merge(&mut low, high);
                to_yaml(&low)
            }
        };
        let path = tempfile::tempdir_in(self.scratch)?
            .keep()
            .join("values.yaml");
        std::fs::write(&path, written)?;
        Ok(path)
    }

    /// A file that the kustomization may name.
    fn allowed(&self, file: &str) -> Result<PathBuf> {
        let path = self.folder.join(file).canonicalize();
        let path = path.with_context(|| format!("cannot read the values file {file}"))?;
        if self.restrictor == LoadRestrictor::RootOnly && !path.starts_with(&self.folder) {
            bail!(
                "security; values file `{file}` is not in or below {}",
                self.folder.display()
            );
        }
        Ok(path)
    }

    fn arguments(&self, chart: &Chart, place: &Path, values: &Path) -> Result<Vec<String>> {
        let mut arguments = vec!["template".to_owned()];
        arguments.push(match &*chart.release_name {
            "" => "--generate-name".to_owned(),
            name => name.to_owned(),
        });
        arguments.push(place.display().to_string());
        let mut flag = |name: &str, value: &str| arguments.extend(texts(&[name, value]));
        if !chart.namespace.is_empty() {
            flag("--namespace", &chart.namespace);
        }
        if !chart.name_template.is_empty() {
            flag("--name-template", &chart.name_template);
        }
        flag("-f", &values.display().to_string());
        for file in &chart.additional_values_files {
            flag("-f", &self.allowed(file)?.display().to_string());
        }
        for version in &chart.api_versions {
            flag("--api-versions", version);
        }
        if !chart.kube_version.is_empty() {
            flag("--kube-version", &chart.kube_version);
        }
        for (is_set, name) in [
            (chart.include_crds, "--include-crds"),
            (chart.skip_tests, "--skip-tests"),
            (chart.skip_hooks, "--no-hooks"),
            (chart.debug, "--debug"),
            (chart.devel, "--devel"),
        ] {
            arguments.extend(is_set.then(|| name.to_owned()));
        }
        Ok(arguments)
    }

    async fn run(&self, arguments: &[String]) -> Result<Vec<u8>> {
        let helm = &self.options.helm_command;
        let home = match &*self.globals.config_home {
            "" => self.scratch.join("helm"),
            home => PathBuf::from(home),
        };
        let running = tokio::process::Command::new(helm)
            .args(arguments)
            .env("HELM_CONFIG_HOME", &home)
            .env("HELM_CACHE_HOME", home.join(".cache"))
            .env("HELM_DATA_HOME", home.join(".data"))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(TIMEOUT, running)
            .await
            .with_context(|| format!("{helm} took longer than {} s", TIMEOUT.as_secs()))?
            .with_context(|| {
                format!("cannot run {helm}: install helm, or name it with --helm-command")
            })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{helm} {} failed: {}", arguments.join(" "), said.trim());
        }
        Ok(output.stdout)
    }
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

fn to_yaml(values: &Map<String, Value>) -> String {
    towpath_yaml::to_yaml(&Value::Object(values.clone()))
}

/// Mappings key by key; a null removes the key, as in a merge patch.
fn merge(low: &mut Map<String, Value>, high: Map<String, Value>) {
    for (key, value) in high {
        match (low.get_mut(&key), value) {
            (_, Value::Null) => {
                low.shift_remove(&key);
            }
            (Some(Value::Object(low)), Value::Object(high)) => merge(low, high),
            (_, value) => {
                low.insert(key, value);
            }
        }
    }
}
