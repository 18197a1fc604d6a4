//! What an image says about how its containers are to be run.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use towpath_oci::image::Config;

/// Docker's `PATH` for images that name none.
pub(crate) const DEFAULT_PATH: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The `config` of an image configuration (OCI image specification, "Image Configuration").
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) user: Option<String>,
    /// Such as `80/tcp`.
    pub(crate) exposed_ports: BTreeSet<String>,
    /// In the order in which they were first set.
    pub(crate) env: Vec<(String, String)>,
    pub(crate) entrypoint: Option<Vec<String>>,
    pub(crate) cmd: Option<Vec<String>>,
    pub(crate) volumes: BTreeSet<String>,
    /// Absolute.
    pub(crate) working_dir: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) stop_signal: Option<String>,
}

impl Settings {
    /// Of `FROM scratch`.
    pub(crate) fn scratch() -> Self {
        Self {
            user: None,
            exposed_ports: BTreeSet::new(),
            env: vec![("PATH".to_owned(), DEFAULT_PATH.to_owned())],
            entrypoint: None,
            cmd: None,
            volumes: BTreeSet::new(),
            working_dir: "/".to_owned(),
            labels: BTreeMap::new(),
            stop_signal: None,
        }
    }

    pub(crate) fn of_image(config: Option<&Config>) -> Self {
        let Some(config) = config else {
            return Self::scratch();
        };
        let set = |list: &Option<Vec<String>>| list.iter().flatten().cloned().collect();
        let env = config.env().iter().flatten();
        Self {
            user: config.user().clone().filter(|user| !user.is_empty()),
            exposed_ports: set(config.exposed_ports()),
            env: env
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            entrypoint: config.entrypoint().clone(),
            cmd: config.cmd().clone(),
            volumes: set(config.volumes()),
            working_dir: absolute(config.working_dir().as_deref().unwrap_or_default()),
            labels: config
                .labels()
                .iter()
                .flatten()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            stop_signal: config.stop_signal().clone(),
        }
    }

    pub(crate) fn to_config(&self) -> Config {
        let list = |set: &BTreeSet<String>| some_if_any(set.iter().cloned().collect::<Vec<_>>());
        let env = self
            .env
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let mut config = Config::default();
        config
            .set_user(self.user.clone())
            .set_exposed_ports(list(&self.exposed_ports))
            .set_env(some_if_any(env.collect()))
            .set_entrypoint(self.entrypoint.clone())
            .set_cmd(self.cmd.clone())
            .set_volumes(list(&self.volumes))
            .set_working_dir(Some(self.working_dir.clone()))
            .set_stop_signal(self.stop_signal.clone());
        if !self.labels.is_empty() {
            config.set_labels(Some(
                self.labels.clone().into_iter().collect::<HashMap<_, _>>(),
            ));
        }
        config
    }

    pub(crate) fn set_env(&mut self, name: String, value: String) {
        match self.env.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.env.push((name, value)),
        }
    }
}

fn some_if_any(list: Vec<String>) -> Option<Vec<String>> {
    (!list.is_empty()).then_some(list)
}

fn absolute(path: &str) -> String {
    match path {
        "" => "/".to_owned(),
        path if path.starts_with('/') => path.to_owned(),
        path => format!("/{path}"),
    }
}
