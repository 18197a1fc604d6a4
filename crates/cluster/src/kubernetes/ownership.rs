//! Whose an object is.

use std::collections::BTreeMap;

use kube::api::ObjectMeta;
use serde_json::{Map, Value, json};
use towpath_model::ProjectName;

pub(super) const PROJECT: &str = "towpath.dev/project";
pub(super) const INSTALLATION: &str = "towpath.dev/installation";

/// What marks the objects of a project of this installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark<'a> {
    pub(super) installation: &'a str,
    pub(super) project: &'a ProjectName,
}

/// Who has an object, as its metadata tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Us,
    Nobody,
    /// In words.
    Other(String),
}

impl Mark<'_> {
    /// Puts the mark on an object that is to be applied.
    pub(super) fn put(&self, object: &mut Value) {
        let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
            return;
        };
        // Server-side apply refuses both in what it is given.
        metadata.remove("managedFields");
        metadata.remove("creationTimestamp");
        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
        if labels.is_null() {
            *labels = Value::Object(Map::new());
        }
        if let Some(labels) = labels.as_object_mut() {
            labels.insert(PROJECT.to_owned(), self.project.as_str().into());
            labels.insert(INSTALLATION.to_owned(), self.installation.into());
        }
    }

    /// Whose the object with this metadata is.
    pub(super) fn owner(&self, metadata: &ObjectMeta) -> Owner {
        let label = |key: &str| text(&metadata.labels, key);
        match (label(INSTALLATION), label(PROJECT)) {
            (Some(installation), Some(project)) if installation == self.installation => {
                match project == self.project.as_str() {
                    true => Owner::Us,
                    false => Owner::Other(format!("project {project}")),
                }
            }
            (Some(installation), project) => Owner::Other(format!(
                "project {} of another Towpath (installation {installation})",
                project.unwrap_or("?")
            )),
            (None, _) => others(metadata).map_or(Owner::Nobody, Owner::Other),
        }
    }
}

/// The marks of others that keep objects in a cluster.
fn others(metadata: &ObjectMeta) -> Option<String> {
    let label = |key: &str| text(&metadata.labels, key);
    let annotation = |key: &str| text(&metadata.annotations, key);
    let mut references = metadata.owner_references.iter().flatten();
    let controller = references.find(|reference| reference.controller == Some(true));
    if let Some(name) = label("kustomize.toolkit.fluxcd.io/name") {
        return Some(format!("Flux (Kustomization {name})"));
    }
    if let Some(name) = label("helm.toolkit.fluxcd.io/name") {
        return Some(format!("Flux (HelmRelease {name})"));
    }
    if let Some(id) = annotation("argocd.argoproj.io/tracking-id") {
        let app = id.split(':').next().unwrap_or(id);
        return Some(format!("Argo CD (application {app})"));
    }
    if let Some(release) = annotation("meta.helm.sh/release-name") {
        return Some(format!("Helm (release {release})"));
    }
    controller.map(|controller| format!("{} {}", controller.kind, controller.name))
}

type Texts = Option<BTreeMap<String, String>>;

fn text<'a>(texts: &'a Texts, key: &str) -> Option<&'a str> {
    texts.as_ref()?.get(key).map(String::as_str)
}

/// Whether pruning must leave the object, as Argo CD (`sync-options: Prune=false`) and Flux (`prune: disabled`)
/// are told.
pub(super) fn is_kept(metadata: &ObjectMeta) -> bool {
    let options = text(&metadata.annotations, "argocd.argoproj.io/sync-options");
    let argo = options.is_some_and(|options| {
        options
            .split(',')
            .any(|option| option.trim() == "Prune=false")
    });
    let flux = |texts| text(texts, "kustomize.toolkit.fluxcd.io/prune") == Some("disabled");
    argo || flux(&metadata.annotations) || flux(&metadata.labels)
}

/// How an object's own annotation asks for it, as Flux is asked.
pub(super) const OVERRIDE: &str = "kustomize.toolkit.fluxcd.io/ssa: Override";

/// Whether the fields that others have of an object are taken from them.
pub(super) fn takes_over(object: &Value) -> bool {
    let annotations = object.pointer("/metadata/annotations");
    let policy = annotations.and_then(|all| all.get("kustomize.toolkit.fluxcd.io/ssa")?.as_str());
    policy.is_some_and(|policy| policy.eq_ignore_ascii_case("Override"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(metadata: &Value) -> ObjectMeta {
        serde_json::from_value(metadata.clone()).unwrap()
    }

    #[test]
    fn metadata_tells_whose_an_object_is() {
        let project: ProjectName = "hello".parse().unwrap();
        let mark = Mark {
            installation: "aa",
            project: &project,
        };
        let other = |words: &str| Owner::Other(words.to_owned());
        let cases = [
            (json!({}), Owner::Nobody),
            (json!({"labels": null}), Owner::Nobody),
            (
                json!({"labels": {INSTALLATION: "aa", PROJECT: "hello"}}),
                Owner::Us,
            ),
            (
                json!({"labels": {INSTALLATION: "aa", PROJECT: "web"}}),
                other("project web"),
            ),
            (
                json!({"labels": {INSTALLATION: "bb", PROJECT: "hello"}}),
                other("project hello of another Towpath (installation bb)"),
            ),
            (
                json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}),
                other("Flux (Kustomization apps)"),
            ),
            (
                json!({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:a/b"}}),
                other("Argo CD (application shop)"),
            ),
            (
                json!({"annotations": {"meta.helm.sh/release-name": "nginx"}}),
                other("Helm (release nginx)"),
            ),
            (
                json!({"ownerReferences": [{"kind": "Deployment", "name": "a", "controller": true}]}),
                other("Deployment a"),
            ),
        ];
        for (metadata, owner) in cases {
            assert_eq!(mark.owner(&read(&metadata)), owner, "{metadata}");
        }
    }

    #[test]
    fn a_mark_that_was_put_is_ours() {
        let project: ProjectName = "hello".parse().unwrap();
        let mark = Mark {
            installation: "aa",
            project: &project,
        };
        for metadata in [json!({"name": "a"}), json!({"name": "a", "labels": null})] {
            let mut object = json!({"metadata": metadata});
            mark.put(&mut object);
            assert_eq!(mark.owner(&read(&object["metadata"])), Owner::Us);
        }
    }

    #[test]
    fn what_is_to_be_kept_is_not_pruned() {
        let cases = [
            (json!({}), false),
            (
                json!({"annotations": {"argocd.argoproj.io/sync-options": "Validate=false, Prune=false"}}),
                true,
            ),
            (
                json!({"annotations": {"argocd.argoproj.io/sync-options": "PruneLast=true"}}),
                false,
            ),
            (
                json!({"annotations": {"kustomize.toolkit.fluxcd.io/prune": "disabled"}}),
                true,
            ),
        ];
        for (metadata, kept) in cases {
            assert_eq!(is_kept(&read(&metadata)), kept, "{metadata}");
        }
    }
}
