use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;
use towpath_model::Namespace;

use super::{Inner, live};
use crate::error::ClusterError;

/// What a look at a cluster found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// `v1.34.2`.
    pub version: String,
    /// What Towpath's account may not do there, as `kubectl auth can-i` takes it: `patch deployments.apps`.
    pub missing: Vec<String>,
}

/// What every deployment needs.
const NEEDED: &[(&str, &str, &[&str])] = &[
    ("apps", "deployments", APPLY),
    ("apps", "statefulsets", APPLY),
    ("apps", "daemonsets", APPLY),
    ("apps", "replicasets", &["list"]),
    ("", "services", APPLY),
    ("", "configmaps", APPLY),
    ("", "secrets", APPLY),
    ("", "serviceaccounts", APPLY),
    ("", "persistentvolumeclaims", APPLY),
    ("batch", "jobs", APPLY),
    ("batch", "cronjobs", APPLY),
    ("networking.k8s.io", "ingresses", APPLY),
    ("", "pods", &["get", "list", "watch"]),
    ("", "pods/log", &["get"]),
    ("", "events", &["list"]),
    ("discovery.k8s.io", "endpointslices", &["list"]),
];
const APPLY: &[&str] = &["get", "list", "watch", "create", "patch", "delete"];

/// Asks for the version and for each right that a deployment into `namespace` needs.
pub(super) async fn check(cluster: &Inner, namespace: &Namespace) -> Result<Check, ClusterError> {
    let asking = &cluster.asking;
    let version = asking
        .again(|| asking.client.apiserver_version())
        .await
        .map_err(|failure| asking.error("asking for the version", failure))?;
    let wanted: Vec<Wanted> = wanted(namespace).collect();
    let reviews: Vec<_> = wanted
        .iter()
        .map(|wanted| allowed(cluster, wanted))
        .collect();
    let answers = live::together(reviews).await;
    let mut missing = Vec::new();
    for answer in answers {
        missing.extend(answer?);
    }
    missing.sort();
    Ok(Check {
        version: version.git_version,
        missing,
    })
}

struct Wanted {
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    namespace: Option<String>,
    name: Option<String>,
}

fn wanted(namespace: &Namespace) -> impl Iterator<Item = Wanted> {
    let in_namespace = NEEDED.iter().flat_map(|(group, resource, verbs)| {
        let namespace = namespace.to_string();
        verbs.iter().map(move |verb| Wanted {
            verb,
            group,
            resource,
            namespace: Some(namespace.clone()),
            name: None,
        })
    });
    // It is made when it is not there.
    let itself = ["get", "create", "patch"].into_iter().map(|verb| Wanted {
        verb,
        group: "",
        resource: "namespaces",
        namespace: None,
        name: Some(namespace.to_string()),
    });
    in_namespace.chain(itself)
}

/// The right in words when it is missing.
async fn allowed(cluster: &Inner, wanted: &Wanted) -> Result<Option<String>, ClusterError> {
    let asking = &cluster.asking;
    let (resource, subresource) = match wanted.resource.split_once('/') {
        Some((resource, sub)) => (resource, Some(sub.to_owned())),
        None => (wanted.resource, None),
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                group: Some(wanted.group.to_owned()),
                resource: Some(resource.to_owned()),
                subresource,
                verb: Some(wanted.verb.to_owned()),
                namespace: wanted.namespace.clone(),
                name: wanted.name.clone(),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let api: Api<SelfSubjectAccessReview> = Api::all(asking.client.clone());
    let params = PostParams::default();
    let answer = asking.again(|| api.create(&params, &review)).await;
    let answer = answer.map_err(|failure| asking.error("asking for its rights", failure))?;
    let allowed = answer.status.is_some_and(|status| status.allowed);
    Ok((!allowed).then(|| in_words(wanted)))
}

fn in_words(wanted: &Wanted) -> String {
    match (wanted.group, wanted.resource.split_once('/')) {
        ("", _) => format!("{} {}", wanted.verb, wanted.resource),
        (group, Some((resource, sub))) => format!("{} {resource}.{group}/{sub}", wanted.verb),
        (group, None) => format!("{} {}.{group}", wanted.verb, wanted.resource),
    }
}
