use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResource;
use kube::api::{Api, ApiResource, DynamicObject};
use serde_json::Value;
use towpath_model::{Diagnostic, Diagnostics, Namespace};

use super::asking::Asking;
use super::failure::Failure;
use crate::error::ClusterError;
use crate::object::{Object, ObjectId};

/// How a kind is spoken to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kind {
    pub(super) resource: ApiResource,
    pub(super) namespaced: bool,
}

impl Kind {
    pub(super) fn api(&self, asking: &Asking, namespace: Option<&Namespace>) -> Api<DynamicObject> {
        let client = asking.client.clone();
        match namespace.filter(|_| self.namespaced) {
            Some(namespace) => Api::namespaced_with(client, namespace.as_str(), &self.resource),
            None => Api::all_with(client, &self.resource),
        }
    }
}

/// The kinds that the server knows, as far as they were asked for.
#[derive(Default)]
pub(super) struct Kinds(Mutex<BTreeMap<String, Known>>);

/// The kinds of one version of an API.
type Known = BTreeMap<String, Kind>;

/// An object and how it is applied.
#[derive(Clone, Debug)]
pub(super) struct Target<'a> {
    pub(super) object: &'a Object,
    pub(super) id: ObjectId,
    pub(super) kind: Kind,
}

impl Target<'_> {
    pub(super) fn api(&self, asking: &Asking) -> Api<DynamicObject> {
        self.kind.api(asking, self.id.namespace.as_ref())
    }
}

impl Kinds {
    /// Finds out how each object is applied: from the server, or from a definition beside it.
    ///
    /// # Errors
    /// [`ClusterError::Refused`] with every object of a kind that nobody knows.
    pub(super) async fn targets<'a>(
        &self,
        asking: &Asking,
        objects: &'a [Object],
    ) -> Result<Vec<Target<'a>>, ClusterError> {
        let defined = defined_in(objects);
        let versions: BTreeSet<&str> = objects
            .iter()
            .map(|object| object.api_version.as_str())
            .collect();
        let known = self.look_up(asking, &versions, objects, &defined).await?;
        let (mut targets, mut unknown) = (Vec::new(), Vec::new());
        for object in objects {
            let key = (object.api_version.clone(), object.kind.clone());
            let served = known
                .get(&object.api_version)
                .and_then(|kinds| kinds.get(&object.kind));
            match served.or_else(|| defined.get(&key)) {
                Some(kind) => targets.push(target(object, kind.clone())),
                None => unknown.push(unknown_kind(object, &asking.cluster.to_string())),
            }
        }
        match unknown.is_empty() {
            true => Ok(targets),
            false => Err(Diagnostics(unknown).into()),
        }
    }

    /// How a kind is spoken to; `None` when the server does not have it.
    pub(super) async fn one(
        &self,
        asking: &Asking,
        api_version: &str,
        kind: &str,
    ) -> Result<Option<Kind>, ClusterError> {
        if let Some(known) = self.cached(api_version)
            && let Some(kind) = known.get(kind)
        {
            return Ok(Some(kind.clone()));
        }
        Ok(self.ask(asking, api_version).await?.get(kind).cloned())
    }

    async fn look_up(
        &self,
        asking: &Asking,
        versions: &BTreeSet<&str>,
        objects: &[Object],
        defined: &BTreeMap<(String, String), Kind>,
    ) -> Result<BTreeMap<String, Known>, ClusterError> {
        let mut found = BTreeMap::new();
        for version in versions {
            let wanted = objects
                .iter()
                .filter(|object| object.api_version == **version)
                .filter(|object| {
                    !defined.contains_key(&(object.api_version.clone(), object.kind.clone()))
                });
            let cached = self.cached(version);
            let complete = cached.as_ref().is_some_and(|known| {
                wanted
                    .clone()
                    .all(|object| known.contains_key(&object.kind))
            });
            let known = match cached.filter(|_| complete) {
                Some(known) => known,
                None if wanted.clone().next().is_none() => continue,
                None => self.ask(asking, version).await?,
            };
            found.insert((*version).to_owned(), known);
        }
        Ok(found)
    }

    fn cached(&self, api_version: &str) -> Option<Known> {
        self.0.lock().ok()?.get(api_version).cloned()
    }

    async fn ask(&self, asking: &Asking, api_version: &str) -> Result<Known, ClusterError> {
        let client = &asking.client;
        let answer = asking
            .again(|| async {
                match api_version.contains('/') {
                    true => client.list_api_group_resources(api_version).await,
                    false => client.list_core_api_resources(api_version).await,
                }
            })
            .await;
        let known = match answer {
            Ok(list) => list
                .resources
                .iter()
                .filter(|resource| !resource.name.contains('/'))
                .map(|resource| (resource.kind.clone(), kind(api_version, resource)))
                .collect(),
            Err(Failure::NotFound) => Known::new(),
            Err(failure) => {
                return Err(asking.error(&format!("reading what {api_version} has"), failure));
            }
        };
        if let Ok(mut cache) = self.0.lock() {
            cache.insert(api_version.to_owned(), known.clone());
        }
        Ok(known)
    }
}

fn kind(api_version: &str, resource: &APIResource) -> Kind {
    Kind {
        resource: api_resource(api_version, &resource.kind, &resource.name),
        namespaced: resource.namespaced,
    }
}

/// How a kind of Kubernetes itself is spoken to.
pub(super) fn known(api_version: &str, kind: &str, plural: &str) -> ApiResource {
    api_resource(api_version, kind, plural)
}

fn api_resource(api_version: &str, kind: &str, plural: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    }
}

/// The kinds that definitions among the objects bring with them.
fn defined_in(objects: &[Object]) -> BTreeMap<(String, String), Kind> {
    let definitions = objects.iter().filter(|object| is_definition(object));
    definitions
        .flat_map(|object| kinds_of(&object.value).unwrap_or_default())
        .map(|kind| {
            let key = (
                kind.resource.api_version.clone(),
                kind.resource.kind.clone(),
            );
            (key, kind)
        })
        .collect()
}

pub(super) fn is_definition(object: &Object) -> bool {
    object.kind == "CustomResourceDefinition" && object.group() == "apiextensions.k8s.io"
}

fn kinds_of(definition: &Value) -> Option<Vec<Kind>> {
    let spec = definition.get("spec")?;
    let text = |pointer: &str| spec.pointer(pointer).and_then(Value::as_str);
    let (group, kind, plural) = (
        text("/group")?,
        text("/names/kind")?,
        text("/names/plural")?,
    );
    let namespaced = text("/scope")? == "Namespaced";
    let versions = spec.get("versions")?.as_array()?;
    let names = versions
        .iter()
        .filter_map(|version| version.get("name")?.as_str());
    Some(
        names
            .map(|version| Kind {
                resource: api_resource(&format!("{group}/{version}"), kind, plural),
                namespaced,
            })
            .collect(),
    )
}

/// What is not in namespaces was put into the project's, as long as nobody knew.
fn target(object: &Object, kind: Kind) -> Target<'_> {
    let mut id = object.id();
    if !kind.namespaced {
        id.namespace = None;
    }
    Target { object, id, kind }
}

fn unknown_kind(object: &Object, cluster: &str) -> Diagnostic {
    let message = format!(
        "cluster {cluster} has no kind {} in {}",
        object.kind, object.api_version
    );
    let place = object.locate("/kind");
    Diagnostic::new(place, message).help(match object.group() {
        "" => "is it spelled right, and the apiVersion too?".to_owned(),
        group => format!(
            "install what defines {group}, or put its CustomResourceDefinition beside the object"
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_definition_tells_its_kinds() {
        let definition = json!({"spec": {
            "group": "example.com", "scope": "Cluster",
            "names": {"kind": "Boat", "plural": "boats"},
            "versions": [{"name": "v1"}, {"name": "v2"}],
        }});
        let kinds = kinds_of(&definition).unwrap();
        let versions: Vec<&str> = kinds
            .iter()
            .map(|kind| kind.resource.api_version.as_str())
            .collect();
        assert_eq!(versions, ["example.com/v1", "example.com/v2"]);
        assert!(kinds.iter().all(|kind| !kind.namespaced));
        assert_eq!(kinds_of(&json!({"spec": {}})), None);
    }
}
