use std::collections::BTreeMap;

use towpath_model::Namespace;

use crate::spec::{ConfigData, ConfigVolume, VolumeSource};

/// All ConfigMaps and Secrets of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configs {
    pub config_maps: BTreeMap<(Namespace, String), ConfigData>,
    pub secrets: BTreeMap<(Namespace, String), ConfigData>,
}

impl Configs {
    pub fn find(&self, secret: bool, namespace: &Namespace, name: &str) -> Option<&ConfigData> {
        let configs = if secret {
            &self.secrets
        } else {
            &self.config_maps
        };
        configs.get(&(namespace.clone(), name.to_owned()))
    }
}

/// What a pod refers to and is not there. It waits until it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    #[error("{kind} {name} does not exist")]
    Object { kind: &'static str, name: String },
    #[error("{kind} {name} has no key {key}")]
    Key {
        kind: &'static str,
        name: String,
        key: String,
    },
}

pub(crate) fn kind_name(secret: bool) -> &'static str {
    if secret { "Secret" } else { "ConfigMap" }
}

/// A file of a ConfigMap or Secret volume, at a path relative to the volume.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigFile {
    pub path: String,
    pub content: Vec<u8>,
    pub mode: u32,
}

/// The files of a volume; `None` for volumes that are not made from objects.
///
/// # Errors
/// A volume that is not `optional` whose object or key does not exist.
pub fn config_files(
    source: &VolumeSource,
    configs: &Configs,
    namespace: &Namespace,
) -> Result<Option<Vec<ConfigFile>>, Missing> {
    let (volume, secret) = match source {
        VolumeSource::ConfigMap(volume) => (volume, false),
        VolumeSource::Secret(volume) => (volume, true),
        VolumeSource::EmptyDir { .. } => return Ok(None),
    };
    match configs.find(secret, namespace, &volume.name) {
        Some(data) => files(volume, data, kind_name(secret)).map(Some),
        None if volume.optional => Ok(Some(Vec::new())),
        None => Err(Missing::Object {
            kind: kind_name(secret),
            name: volume.name.clone(),
        }),
    }
}

fn files(
    volume: &ConfigVolume,
    data: &ConfigData,
    kind: &'static str,
) -> Result<Vec<ConfigFile>, Missing> {
    if volume.items.is_empty() {
        let file = |(key, content): (&String, &Vec<u8>)| ConfigFile {
            path: key.clone(),
            content: content.clone(),
            mode: volume.default_mode,
        };
        return Ok(data.0.iter().map(file).collect());
    }
    let mut files = Vec::new();
    for item in &volume.items {
        match data.0.get(&item.key) {
            Some(content) => files.push(ConfigFile {
                path: item.path.clone(),
                content: content.clone(),
                mode: item.mode.unwrap_or(volume.default_mode),
            }),
            None if volume.optional => {}
            None => {
                return Err(Missing::Key {
                    kind,
                    name: volume.name.clone(),
                    key: item.key.clone(),
                });
            }
        }
    }
    Ok(files)
}
