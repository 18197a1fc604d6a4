//! Charts: rendered by the program helm, as upstream's `HelmChartInflationGenerator` calls it.

mod values;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Map, Value};
use towpath_kustomize::{Chart, LoadRestrictor, Options, ValuesMerge};
use towpath_model::{Diagnostic, Diagnostics};

use super::gather::Gathered;
use super::paths::{clean, located, shown};
use super::scratch::Scratch;
use crate::cli::kustomize::HelmOptions;
use crate::runtime::wait;

/// For one run of helm.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Renders the charts that a build wants and has not got yet. False when there are none.
///
/// # Errors
/// When there are charts and helm may not be run, is not installed, is of a version that is not known, or fails.
pub fn inflate(
    gathered: &mut Gathered,
    options: &HelmOptions,
    build: &Options,
    scratch: &Scratch,
) -> Result<bool> {
    let wanted = towpath_kustomize::charts(&gathered.tree, &gathered.folder, build);
    let Some((at, first)) = wanted.first() else {
        return Ok(false);
    };
    if !options.enable_helm {
        let message = format!(
            "must specify --enable-helm: the chart `{}` is rendered by the program helm",
            first.name
        );
        let wrong = Diagnostics::from(Diagnostic::new(at.clone(), message));
        return Err(located(wrong, &gathered.root).into());
    }
    let scratch = scratch.folder()?;
    for (at, chart) in wanted {
        let helm = Helm {
            options,
            folder: gathered.root.join(&chart.folder),
            restrictor: build.load_restrictor,
            config_home: chart.config_home.clone(),
            scratch: &scratch,
        };
        let place = shown(&gathered.root.join(&at.file));
        let place = format!("{place}:{}:{}: chart `{}`", at.line, at.column, chart.name);
        let rendered = wait(helm.render(&chart)).context(place)?;
        gathered.tree.insert_chart(chart, rendered);
    }
    Ok(true)
}

/// Runs helm for a chart.
struct Helm<'h> {
    options: &'h HelmOptions,
    /// The kustomization's.
    folder: PathBuf,
    restrictor: LoadRestrictor,
    config_home: String,
    scratch: &'h Path,
}

impl Helm<'_> {
    async fn render(&self, chart: &Chart) -> Result<String> {
        if chart.name.starts_with('-') || chart.release_name.starts_with('-') {
            bail!("a name that begins with `-` would be a flag of helm's");
        }
        self.check_version().await?;
        let home = self.home(chart);
        let place = home.join(&chart.name);
        if !place.is_dir() {
            self.pull(chart, &home).await?;
        }
        let values = self.values(chart, &place)?;
        let arguments = self.arguments(chart, &place, &values)?;
        let rendered = self.run(&arguments).await?;
        String::from_utf8(rendered).context("what helm has rendered is not UTF-8")
    }

    async fn check_version(&self) -> Result<()> {
        let said = self.run(&texts(&["version", "--short"])).await?;
        let said = String::from_utf8_lossy(&said);
        match major_version(&said) {
            Some("3" | "4") => Ok(()),
            Some(other) => bail!("charts need helm 3 or 4, this is helm {other}"),
            None => bail!("helm does not say its version: {}", said.trim()),
        }
    }

    /// Where charts are kept.
    fn home(&self, chart: &Chart) -> PathBuf {
        let home = match &*chart.chart_home {
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
            "" => self.allowed(&place.join("values.yaml"))?,
            file => self.allowed(Path::new(file))?,
        };
        let text = || {
            let text = std::fs::read_to_string(&file);
            text.with_context(|| format!("cannot read {}", shown(&file)))
        };
        let written = match (chart.values_inline.is_empty(), chart.values_merge) {
            (true, _) => text()?,
            (false, ValuesMerge::Replace) => to_yaml(&chart.values_inline),
            (false, how) => {
                let resolution = towpath_yaml::Resolution::GoYaml3;
                let documents = towpath_yaml::parse_with(&shown(&file), &text()?, resolution)?;
                let root = documents.first().map(|document| document.root.to_json());
                let own = root.and_then(|root| root.as_object().cloned());
                let (mut low, high) = match how {
                    ValuesMerge::Merge => (chart.values_inline.clone(), own.unwrap_or_default()),
                    _ => (own.unwrap_or_default(), chart.values_inline.clone()),
                };
                values::merge(&mut low, high)
                    .map_err(|wrong| anyhow!("cannot merge values: {wrong}"))?;
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
    fn allowed(&self, file: &Path) -> Result<PathBuf> {
        let file = self.folder.join(file);
        let path = file.canonicalize();
        let path = path.with_context(|| format!("cannot read the values file {}", shown(&file)))?;
        if self.restrictor == LoadRestrictor::RootOnly && !path.starts_with(&self.folder) {
            bail!(
                "security; values file `{}` is not in or below {}",
                shown(&file),
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
            flag("-f", &self.allowed(Path::new(file))?.display().to_string());
        }
        // Upstream's help says otherwise, but what the kustomization says wins.
        let versions = match chart.api_versions.is_empty() {
            true => &self.options.helm_api_versions,
            false => &chart.api_versions,
        };
        for version in versions {
            flag("--api-versions", version);
        }
        let given = self.options.helm_kube_version.as_deref();
        let version = Some(&*chart.kube_version).filter(|version| !version.is_empty());
        if let Some(version) = version.or(given) {
            flag("--kube-version", version);
        }
        for (is_set, name) in [
            (chart.include_crds, "--include-crds"),
            (chart.skip_tests, "--skip-tests"),
            (chart.skip_hooks, "--no-hooks"),
            (chart.debug || self.options.helm_debug, "--debug"),
            (chart.devel, "--devel"),
        ] {
            arguments.extend(is_set.then(|| name.to_owned()));
        }
        Ok(arguments)
    }

    async fn run(&self, arguments: &[String]) -> Result<Vec<u8>> {
        let helm = &self.options.helm_command;
        let home = match &*self.config_home {
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

/// The first number of a version such as `v3.16.0+g13654a5`.
fn major_version(said: &str) -> Option<&str> {
    let numbers = said.split(|c: char| !c.is_ascii_digit() && c != '.');
    let mut versions = numbers.filter_map(|number| number.split_once('.'));
    let (major, _) = versions.find(|(major, rest)| {
        !major.is_empty() && rest.starts_with(|c: char| c.is_ascii_digit())
    })?;
    Some(major)
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

fn to_yaml(values: &Map<String, Value>) -> String {
    let mut values = Value::Object(values.clone());
    values.sort_all_objects();
    towpath_yaml::to_yaml(&values)
}
