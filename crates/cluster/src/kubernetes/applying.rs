use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use kube::api::{Patch, PatchParams, ValidationDirective};
use kube::core::Status;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use towpath_model::{Diagnostic, Diagnostics, Location, ProjectName};
use towpath_store::{ClusterKey, KubernetesApply};

use super::asking::{Asking, pause};
use super::failure::{self, Failure};
use super::kinds::{Kind, Target, is_definition};
use super::live::{self, Live};
use super::ownership::{Mark, Owner, takes_over};
use super::{Inner, namespaces, pruning, refusal};
use crate::cluster::Applied;
use crate::error::ClusterError;
use crate::health::{self, State};
use crate::inventory::{id, key};
use crate::manifest::bare_namespace;
use crate::object::{Object, ObjectId};
use crate::order;
use crate::status::Report;

const FIELD_MANAGER: &str = "towpath";
/// How long a definition may take until its objects can be made.
const ESTABLISHING: Duration = Duration::from_secs(60);
/// How long an object that is being deleted is waited for before it is made anew.
const VANISHING: Duration = Duration::from_secs(30);

pub(super) async fn apply(
    cluster: &Inner,
    project: &ProjectName,
    objects: &[Object],
) -> Result<Applied, ClusterError> {
    let asking = &cluster.asking;
    let mark = Mark {
        installation: &cluster.installation,
        project,
    };
    let targets = cluster.kinds.targets(asking, objects).await?;
    let before = look_before(asking, &targets).await?;
    check(asking, &mark, &targets, &before).await?;
    let targets = without_known_namespaces(targets, &before);
    let number = begin(cluster, project, &targets).await?;
    let after = apply_all(asking, &mark, &targets, &before).await;
    note(cluster, project, &after.done).await?;
    after.result?;
    let wanted = targets.iter().map(|target| target.id.clone()).collect();
    let pruned = pruning::prune(cluster, &mark, &wanted).await?;
    Ok(Applied {
        project: project.clone(),
        release: number,
        report: Report {
            ran: objects.iter().map(Object::id).collect(),
            not_run: Vec::new(),
            ignored: pruned.left,
        },
        changed: changed(&targets, &before, &after.done),
        pruned: pruned.gone,
    })
}

pub(super) async fn look_before(
    asking: &Asking,
    targets: &[Target<'_>],
) -> Result<BTreeMap<ObjectId, Live>, ClusterError> {
    let wanted: Vec<(ObjectId, Kind)> = targets
        .iter()
        .map(|target| (target.id.clone(), target.kind.clone()))
        .collect();
    live::look(asking, &wanted).await
}

/// Nothing of another owner is touched, and nothing that is on its way out.
pub(super) async fn check(
    asking: &Asking,
    mark: &Mark<'_>,
    targets: &[Target<'_>],
    before: &BTreeMap<ObjectId, Live>,
) -> Result<(), ClusterError> {
    for target in targets.iter().filter(|target| !is_bare(target.object)) {
        let owner = before
            .get(&target.id)
            .map(|live| mark.owner(&live.metadata));
        if let Some(Owner::Other(owner)) = owner {
            let object = target.id.clone();
            return Err(ClusterError::Owned { object, owner });
        }
    }
    for target in targets {
        if before.get(&target.id).is_some_and(Live::is_being_deleted) {
            wait_until_gone(asking, target, targets).await?;
        }
    }
    Ok(())
}

async fn wait_until_gone(
    asking: &Asking,
    target: &Target<'_>,
    all: &[Target<'_>],
) -> Result<(), ClusterError> {
    let until = Instant::now() + VANISHING;
    let mut looks = 0;
    loop {
        let Some((_, live)) = live::get(asking, &target.id, &target.kind).await? else {
            return Ok(());
        };
        if !live.is_being_deleted() {
            return Ok(());
        }
        let held =
            target.id.kind == "Namespace" && namespaces::is_held(asking, &target.id.name).await;
        if held || Instant::now() >= until {
            return Err(Diagnostics(vec![stuck(asking, target, &live, all).await]).into());
        }
        looks += 1;
        sleep(pause(looks).min(Duration::from_secs(2))).await;
    }
}

async fn stuck(
    asking: &Asking,
    target: &Target<'_>,
    live: &Live,
    all: &[Target<'_>],
) -> Diagnostic {
    if target.id.kind == "Namespace" {
        let why = namespaces::why_terminating(asking, &target.id.name).await;
        return Diagnostic::new(place_of_namespace(target, all), why.0).help(why.1);
    }
    let message = format!("{} is being deleted", target.id.for_people());
    let help = match live.finalizers() {
        [] => "wait until it is gone, and deploy again".to_owned(),
        names => held_by(&target.id, names),
    };
    Diagnostic::new(target.object.location.clone(), message).help(help)
}

/// A Namespace that is in no file is told where something is to be made in it.
fn place_of_namespace(namespace: &Target<'_>, all: &[Target<'_>]) -> Location {
    let in_it = |target: &&Target<'_>| {
        let name = target.id.namespace.as_ref();
        name.is_some_and(|name| name.as_str() == namespace.id.name)
    };
    let told = all.iter().find(in_it).filter(|_| is_bare(namespace.object));
    told.unwrap_or(namespace).object.location.clone()
}

fn held_by(id: &ObjectId, finalizers: &[String]) -> String {
    let kind = id.kind.to_lowercase();
    let within = id.namespace.as_ref();
    let within = within.map_or_else(String::new, |namespace| format!(" -n {namespace}"));
    format!(
        "it waits for its finalizers: {}; whoever set them has to finish, or, when that is gone for good: \
         kubectl patch {kind}{within} {} --type=merge -p '{{\"metadata\":{{\"finalizers\":null}}}}'",
        finalizers.join(", "),
        id.name
    )
}

/// A Namespace of which nobody says more than its name only has to be there. Others may live in it.
fn without_known_namespaces<'a>(
    targets: Vec<Target<'a>>,
    before: &BTreeMap<ObjectId, Live>,
) -> Vec<Target<'a>> {
    let known = |target: &Target<'_>| is_bare(target.object) && before.contains_key(&target.id);
    targets
        .into_iter()
        .filter(|target| !known(target))
        .collect()
}

fn is_bare(object: &Object) -> bool {
    object.kind == "Namespace" && object.value == bare_namespace(&object.name)
}

/// From here on the objects may exist, and the inventory says so.
async fn begin(
    cluster: &Inner,
    project: &ProjectName,
    targets: &[Target<'_>],
) -> Result<i64, ClusterError> {
    let rows: Vec<(ClusterKey, String)> = targets
        .iter()
        .filter(|target| !is_bare(target.object))
        .map(|target| (key(&target.id), target.kind.resource.version.clone()))
        .collect();
    let now = SystemTime::now().into();
    let begun = cluster
        .store
        .begin_kubernetes_apply(&cluster.asking.cluster, project, &rows, now)
        .await?;
    match begun {
        KubernetesApply::Begun { number } => Ok(number),
        KubernetesApply::Owned { key, owner } => Err(ClusterError::Owned {
            object: id(key),
            owner: format!("project {owner}"),
        }),
    }
}

pub(super) struct After {
    /// What was applied, also when the rest was not.
    pub(super) done: BTreeMap<ObjectId, Live>,
    pub(super) result: Result<(), ClusterError>,
}

/// One rank of kinds after the other; within one many at a time. The first rank that fails ends it.
pub(super) async fn apply_all(
    asking: &Asking,
    mark: &Mark<'_>,
    targets: &[Target<'_>],
    before: &BTreeMap<ObjectId, Live>,
) -> After {
    let mut ranks: BTreeMap<usize, Vec<&Target<'_>>> = BTreeMap::new();
    for target in targets {
        ranks
            .entry(order::rank(&target.id.kind))
            .or_default()
            .push(target);
    }
    let mut done = BTreeMap::new();
    for rank in ranks.into_values() {
        let result = apply_rank(asking, mark, &rank, &mut done).await;
        if result.is_err() {
            return After { done, result };
        }
        let result = establish(asking, &rank, before).await;
        if result.is_err() {
            return After { done, result };
        }
    }
    After {
        done,
        result: Ok(()),
    }
}

async fn apply_rank<'a>(
    asking: &Asking,
    mark: &Mark<'_>,
    rank: &[&'a Target<'a>],
    done: &mut BTreeMap<ObjectId, Live>,
) -> Result<(), ClusterError> {
    let applies: Vec<_> = rank
        .iter()
        .map(|target| apply_one(asking, mark, target))
        .collect();
    let mut wrong = Vec::new();
    for (target, answer) in live::together(applies).await {
        match answer {
            Ok(live) => {
                done.insert(target.id.clone(), live);
            }
            Err(Failure::Refused(status)) if status.code < 500 || !failure::passes(&status) => {
                wrong.extend(refused(asking, target, &status).await);
            }
            Err(failure) => {
                return Err(asking.error(&format!("applying {}", target.id.for_people()), failure));
            }
        }
    }
    wrong.sort_by(|a, b| a.location.cmp(&b.location));
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Diagnostics(wrong).into()),
    }
}

async fn refused(asking: &Asking, target: &Target<'_>, status: &Status) -> Vec<Diagnostic> {
    match &target.id.namespace {
        Some(namespace) if refusal::is_namespace_terminating(status) => {
            let (why, help) = namespaces::why_terminating(asking, namespace.as_str()).await;
            vec![Diagnostic::new(target.object.location.clone(), why).help(help)]
        }
        _ => refusal::diagnose(target.object, status),
    }
}

async fn apply_one<'t>(
    asking: &Asking,
    mark: &Mark<'_>,
    target: &'t Target<'t>,
) -> (&'t Target<'t>, Result<Live, Failure>) {
    let api = target.api(asking);
    let params = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        field_validation: Some(ValidationDirective::Strict),
        force: target.object.is_ours || takes_over(&target.object.value),
        ..PatchParams::default()
    };
    let body = body(mark, target);
    let patch = Patch::Apply(&body);
    let answer = asking
        .again(|| api.patch_metadata(&target.id.name, &params, &patch))
        .await;
    (target, answer.map(|answer| Live::new(answer.metadata)))
}

fn body(mark: &Mark<'_>, target: &Target<'_>) -> Value {
    let mut body = target.object.value.clone();
    if !is_bare(target.object) {
        mark.put(&mut body);
    }
    if target.id.namespace.is_none()
        && let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut)
    {
        metadata.remove("namespace");
    }
    body
}

/// Objects of a kind can be made when its definition is established; in a namespace, when it is there.
async fn establish(
    asking: &Asking,
    rank: &[&Target<'_>],
    before: &BTreeMap<ObjectId, Live>,
) -> Result<(), ClusterError> {
    let fresh = rank
        .iter()
        .filter(|target| !before.contains_key(&target.id));
    for target in fresh.filter(|target| is_definition(target.object)) {
        let until = Instant::now() + ESTABLISHING;
        let mut looks = 0;
        loop {
            let health = look_at_health(asking, target).await?;
            if health.state == State::Current {
                break;
            }
            if Instant::now() >= until || health.state == State::Failed {
                let message = format!(
                    "{} is not established: {}",
                    target.id.for_people(),
                    health.message
                );
                let place = target.object.location.clone();
                return Err(Diagnostics(vec![Diagnostic::new(place, message)]).into());
            }
            looks += 1;
            sleep(pause(looks).min(Duration::from_secs(1))).await;
        }
    }
    Ok(())
}

async fn look_at_health(
    asking: &Asking,
    target: &Target<'_>,
) -> Result<health::Judgement, ClusterError> {
    let api = target.api(asking);
    let object = asking
        .again(|| api.get(&target.id.name))
        .await
        .map_err(|failure| {
            asking.error(&format!("looking at {}", target.id.for_people()), failure)
        })?;
    Ok(health::judge(
        &serde_json::to_value(&object).unwrap_or_default(),
    ))
}

pub(super) async fn note(
    cluster: &Inner,
    project: &ProjectName,
    done: &BTreeMap<ObjectId, Live>,
) -> Result<(), ClusterError> {
    let uids: Vec<(ClusterKey, String)> = done
        .iter()
        .map(|(id, live)| (key(id), live.uid().to_owned()))
        .collect();
    let name = &cluster.asking.cluster;
    Ok(cluster
        .store
        .note_kubernetes_uids(name, project, &uids)
        .await?)
}

fn changed(
    targets: &[Target<'_>],
    before: &BTreeMap<ObjectId, Live>,
    after: &BTreeMap<ObjectId, Live>,
) -> Vec<ObjectId> {
    let is_changed = |target: &&Target<'_>| match (before.get(&target.id), after.get(&target.id)) {
        (Some(before), Some(after)) => after.differs(before, target.object, FIELD_MANAGER),
        (before, after) => before.is_some() != after.is_some(),
    };
    targets
        .iter()
        .filter(is_changed)
        .map(|target| target.id.clone())
        .collect()
}
