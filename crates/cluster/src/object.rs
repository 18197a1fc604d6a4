use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use towpath_model::{Location, Namespace};

/// One Kubernetes object as the user wrote it, and where each of its fields stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    pub api_version: String,
    pub kind: String,
    /// `None` for kinds that live outside of namespaces, and until [`crate::manifest::place`] chose one.
    pub namespace: Option<Namespace>,
    pub name: String,
    /// The whole object, `metadata` included.
    pub value: Value,
    /// Where the object begins.
    pub location: Location,
    pub(crate) positions: Positions,
    /// Made by us and for us: what somebody else has written into it is written over.
    pub(crate) is_ours: bool,
}

impl Object {
    pub fn id(&self) -> ObjectId {
        ObjectId {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            group: self.group().to_owned(),
            kind: self.kind.clone(),
        }
    }

    /// The API group; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// Where the field at this JSON pointer (RFC 6901) stands; the nearest one around it that has a place.
    pub fn locate(&self, pointer: &str) -> Location {
        let mut pointer = pointer;
        loop {
            if let Some((line, column)) = self.positions.0.get(pointer) {
                return Location {
                    file: self.location.file.clone(),
                    line: *line,
                    column: *column,
                };
            }
            match pointer.rsplit_once('/') {
                Some((parent, _)) => pointer = parent,
                None => return self.location.clone(),
            }
        }
    }

    /// An object that is not from a file of the user: made by us, or read back from a row.
    pub fn generated(origin: &str, value: Value) -> Option<Self> {
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
        let namespace = match text("/metadata/namespace") {
            Some(namespace) => Some(namespace.parse().ok()?),
            None => None,
        };
        Some(Self {
            api_version: text("/apiVersion")?.to_owned(),
            kind: text("/kind")?.to_owned(),
            namespace,
            name: text("/metadata/name")?.to_owned(),
            location: Location {
                file: origin.to_owned(),
                line: 1,
                column: 1,
            },
            positions: Positions::default(),
            is_ours: false,
            value,
        })
    }
}

/// Line and column of every field, by JSON pointer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Positions(pub(crate) BTreeMap<String, (u32, u32)>);

/// One step of a JSON pointer, escaped as RFC 6901 asks.
pub(crate) fn pointer_step(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// What makes two objects the same object. The version of the API is not part of it.
///
/// Its text form is `namespace_name_group_kind`, as the inventories of Flux and cli-utils have it
/// (`:` in a name is written `__`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId {
    pub namespace: Option<Namespace>,
    pub name: String,
    pub group: String,
    pub kind: String,
}

impl ObjectId {
    /// `Deployment hello/web`, for people.
    pub fn for_people(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} {namespace}/{}", self.kind, self.name),
            None => format!("{} {}", self.kind, self.name),
        }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.namespace.as_ref().map_or("", Namespace::as_str);
        let name = self.name.replace(':', "__");
        write!(f, "{namespace}_{name}_{}_{}", self.group, self.kind)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an object id: expected namespace_name_group_kind")]
pub struct ObjectIdError(String);

impl FromStr for ObjectId {
    type Err = ObjectIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_id(text).ok_or_else(|| ObjectIdError(text.chars().take(300).collect()))
    }
}

fn parse_id(text: &str) -> Option<ObjectId> {
    let (namespace, rest) = text.split_once('_')?;
    let (rest, kind) = rest.rsplit_once('_')?;
    let (name, group) = rest.rsplit_once('_')?;
    let namespace = match namespace {
        "" => None,
        namespace => Some(namespace.parse().ok()?),
    };
    (!name.is_empty() && !kind.is_empty()).then(|| ObjectId {
        namespace,
        name: name.replace("__", ":"),
        group: group.to_owned(),
        kind: kind.to_owned(),
    })
}

impl TryFrom<String> for ObjectId {
    type Error = ObjectIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ObjectId> for String {
    fn from(id: ObjectId) -> Self {
        id.to_string()
    }
}

/// Kinds of Kubernetes itself that live outside of namespaces. Of other kinds we know nothing and take
/// them to be namespaced.
pub fn is_cluster_scoped(group: &str, kind: &str) -> bool {
    let kinds: &[&str] = match group {
        "" => &["Namespace", "Node", "PersistentVolume"],
        "rbac.authorization.k8s.io" => &["ClusterRole", "ClusterRoleBinding"],
        "apiextensions.k8s.io" => &["CustomResourceDefinition"],
        "storage.k8s.io" => &["StorageClass", "CSIDriver", "CSINode", "VolumeAttachment"],
        "networking.k8s.io" => &["IngressClass"],
        "scheduling.k8s.io" => &["PriorityClass"],
        "node.k8s.io" => &["RuntimeClass"],
        "apiregistration.k8s.io" => &["APIService"],
        "admissionregistration.k8s.io" => &[
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
        ],
        "cert-manager.io" => &["ClusterIssuer"],
        _ => &[],
    };
    kinds.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_as_they_are_written() {
        for text in [
            "hello_web_apps_Deployment",
            "_hello__Namespace",
            "hello_web__Service",
            "_system__node_rbac.authorization.k8s.io_ClusterRole",
        ] {
            let id: ObjectId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
        }
        let role: ObjectId = "_system__node_rbac.authorization.k8s.io_ClusterRole"
            .parse()
            .unwrap();
        assert_eq!(role.name, "system:node");
        for bad in ["", "a_b", "a_b_c", "A_b_c_D", "a__c_"] {
            assert!(bad.parse::<ObjectId>().is_err(), "{bad}");
        }
    }
}
