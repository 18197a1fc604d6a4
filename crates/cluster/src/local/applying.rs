use std::time::SystemTime;

use serde_json::Value;
use towpath_model::{Diagnostic, Diagnostics, ProjectName};
use towpath_store::{ClusterApply, ClusterKey, ClusterSharing, Store};

use super::Applied;
use super::claims::{self, Claim};
use super::wanted::NOT_RUN;
use crate::error::ClusterError;
use crate::inventory::{Inventory, id, key, to_prune};
use crate::manifest::bare_namespace;
use crate::object::Object;
use crate::spec::{self, Spec};
use crate::status::{NotRun, Report};

pub(super) async fn apply(
    store: &Store,
    project: &ProjectName,
    objects: &[Object],
) -> Result<Applied, ClusterError> {
    let report = check(store, project, objects).await?;
    let rows: Vec<(ClusterKey, String)> = objects
        .iter()
        .map(|object| (key(&object.id()), object.value.to_string()))
        .collect();
    match store
        .cluster_apply(project, &rows, sharing, SystemTime::now().into())
        .await?
    {
        ClusterApply::Owned { key, owner } => Err(ClusterError::Owned {
            object: id(key),
            owner: format!("project {owner}"),
        }),
        ClusterApply::Done {
            number,
            changed,
            pruned,
            left,
        } => Ok(Applied {
            project: project.clone(),
            release: number,
            report: with_left(report, objects, left),
            changed: changed.into_iter().map(id).collect(),
            // The rows are gone; what is left to say is in which order pods and Services follow.
            pruned: to_prune(&pruned.into_iter().map(id).collect(), &Inventory::new()),
        }),
    }
}

fn with_left(
    mut report: Report,
    objects: &[Object],
    left: Vec<(ClusterKey, ProjectName)>,
) -> Report {
    for (key, owner) in left {
        let id = id(key);
        let object = objects.iter().find(|object| object.id() == id);
        let note = object.map(|object| left_as_it_is(object, &owner).to_string());
        report.ignored.extend(note);
    }
    report
}

/// Reads every object as what it is; the errors of all of them together.
async fn check(
    store: &Store,
    project: &ProjectName,
    objects: &[Object],
) -> Result<Report, ClusterError> {
    let (mut report, mut claims, mut errors) = (Report::default(), Vec::new(), Vec::new());
    for object in objects {
        match spec::read(object) {
            Ok(Some((spec, notes))) => {
                claims.extend(claim(object, spec));
                report.ran.push(object.id());
                report
                    .ignored
                    .extend(notes.iter().map(Diagnostic::to_string));
            }
            Ok(None) => report.not_run.push(NotRun {
                object: object.id(),
                why: NOT_RUN.to_owned(),
            }),
            Err(Diagnostics(wrong)) => errors.extend(wrong),
        }
    }
    let judged = claims::judge(store, project, &claims).await?;
    errors.extend(judged.errors);
    report
        .ignored
        .extend(judged.notes.iter().map(Diagnostic::to_string));
    if errors.is_empty() {
        Ok(report)
    } else {
        Err(Diagnostics(errors).into())
    }
}

fn claim(object: &Object, spec: Spec) -> Option<Claim<'_>> {
    match spec {
        Spec::Service(service) => Some(Claim {
            key: (object.namespace.clone()?, object.name.clone()),
            object,
            service,
        }),
        Spec::Namespace | Spec::Deployment(_) | Spec::Config(_) => None,
    }
}

fn left_as_it_is(object: &Object, owner: &ProjectName) -> Diagnostic {
    let message = format!(
        "{} stays as project {owner} has it",
        object.id().for_people()
    );
    Diagnostic::new(object.location.clone(), message).help("change it there, or remove it here")
}

/// Several projects may live in one namespace, and it outlives each of them.
fn sharing(key: &ClusterKey, object: &str) -> ClusterSharing {
    if key.kind != "Namespace" || !key.group.is_empty() {
        return ClusterSharing::Exclusive;
    }
    let bare = bare_namespace(&key.name);
    ClusterSharing::Shared {
        says_nothing: serde_json::from_str(object).is_ok_and(|object: Value| object == bare),
    }
}
