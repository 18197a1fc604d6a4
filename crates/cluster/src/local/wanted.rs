use std::collections::BTreeMap;

use serde_json::Value;
use towpath_model::{Namespace, ProjectName};
use towpath_store::{ClusterObject, Store, StoreError};

use crate::object::{Object, ObjectId};
use crate::pod::Configs;
use crate::spec::{self, Deployment, Service, Spec};
use crate::status::NotRun;

/// Names a Deployment or a Service.
pub(super) type Key = (Namespace, String);

/// What the rows ask for.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) deployments: BTreeMap<Key, Owned<Deployment>>,
    pub(super) services: BTreeMap<Key, Owned<Service>>,
    pub(super) configs: Configs,
    pub(super) not_run: Vec<Owned<NotRun>>,
    /// The number of each project's latest apply.
    pub(super) applies: BTreeMap<ProjectName, i64>,
    /// Every image that an object names.
    pub(super) images: Vec<String>,
}

pub(super) struct Owned<T> {
    pub(super) project: ProjectName,
    pub(super) value: T,
}

/// Why an object of a kind that we know is not run by this cluster.
pub(super) const NOT_RUN: &str = "the local cluster keeps this kind and does not run it";

impl Wanted {
    pub(super) async fn load(store: &Store) -> Result<Self, StoreError> {
        let mut wanted = Self {
            // Read first: an apply in between is then seen as newer than it is counted, never the reverse.
            applies: store.cluster_applies().await?.into_iter().collect(),
            ..Self::default()
        };
        for row in store.cluster_objects().await? {
            wanted.add(row);
        }
        Ok(wanted)
    }

    fn add(&mut self, row: ClusterObject) {
        let project = row.project.clone();
        let object = match object(&row) {
            Ok(object) => object,
            Err(error) => {
                let (kind, name) = (&row.key.kind, &row.key.name);
                tracing::error!(kind, name, error, "an object's row cannot be read");
                return;
            }
        };
        self.images.extend(images(&object.value));
        let key = object
            .namespace
            .clone()
            .map(|namespace| (namespace, object.name.clone()));
        match (spec::read(&object), key) {
            (Ok(Some((Spec::Deployment(value), _))), Some(key)) => {
                self.deployments.insert(
                    key,
                    Owned {
                        project,
                        value: *value,
                    },
                );
            }
            (Ok(Some((Spec::Service(value), _))), Some(key)) => {
                self.services.insert(key, Owned { project, value });
            }
            (Ok(Some((Spec::Config(value), _))), Some(key)) => {
                let configs = &mut self.configs;
                let kind = if object.kind == "Secret" {
                    &mut configs.secrets
                } else {
                    &mut configs.config_maps
                };
                kind.insert(key, value);
            }
            (Ok(Some(_)), _) => {}
            (Ok(None), _) => self.keep(project, object.id(), NOT_RUN.to_owned()),
            // It was read when it was applied: an older or newer Towpath did.
            (Err(error), _) => self.keep(project, object.id(), error.to_string()),
        }
    }

    fn keep(&mut self, project: ProjectName, object: ObjectId, why: String) {
        self.not_run.push(Owned {
            project,
            value: NotRun { object, why },
        });
    }
}

fn object(row: &ClusterObject) -> Result<Object, String> {
    let value: Value = serde_json::from_str(&row.object).map_err(|error| error.to_string())?;
    Object::generated("(the cluster)", value).ok_or_else(|| "it is no object".to_owned())
}

/// Every image that an object names.
pub(super) fn images(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(images).collect(),
        Value::Object(map) => {
            let of_fields = map
                .iter()
                .flat_map(|(key, value)| match (key.as_str(), value) {
                    ("image", Value::String(image)) => vec![image.clone()],
                    _ => images(value),
                });
            of_fields.collect()
        }
        _ => Vec::new(),
    }
}
