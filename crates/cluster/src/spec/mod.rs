//! Strict typed readings of the kinds that the local cluster runs.
//!
//! **Architecture invariant:** a field is honoured, or refused with its place, or reported as without
//! meaning here. None is dropped in silence.

mod config;
mod container;
mod deployment;
mod pod;
mod probe;
mod quantity;
mod reader;
mod security;
mod selector;
mod service;
mod volume;

pub use config::ConfigData;
pub use container::{
    Container, ContainerPort, EnvFrom, EnvSource, EnvVar, KeyRef, PreStop, Resources,
};
pub use deployment::{Deployment, IntOrPercent, Strategy};
pub use pod::{HostAlias, PodSpec, PodTemplate};
pub use probe::{Ask, PortRef, Probe};
pub use security::{ContainerSecurity, PodSecurity};
pub use selector::Selector;
pub use service::{ClusterIp, Service, ServicePort, ServiceType};
pub use volume::{ConfigVolume, KeyToPath, Volume, VolumeMount, VolumeSource};

use reader::Fields;
use towpath_model::{Diagnostic, Diagnostics};

use crate::object::Object;

/// An object of a kind that the local cluster runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Spec {
    Namespace,
    Deployment(Box<Deployment>),
    Service(Service),
    Config(ConfigData),
}

/// Reads an object; `Ok(None)` for kinds that this cluster does not run. Beside the spec it returns one
/// diagnostic for each field that has no meaning here.
///
/// # Errors
/// Everything wrong in the object, each with file, line and column.
pub fn read(object: &Object) -> Result<Option<(Spec, Vec<Diagnostic>)>, Diagnostics> {
    let spec = match (object.api_version.as_str(), object.kind.as_str()) {
        ("v1", "Namespace") => reader::read(object, namespace)?,
        ("v1", "Service") => reader::read(object, |fields| Spec::Service(service::read(fields)))?,
        ("v1", "ConfigMap") => {
            reader::read(object, |fields| Spec::Config(config::config_map(fields)))?
        }
        ("v1", "Secret") => reader::read(object, |fields| Spec::Config(config::secret(fields)))?,
        ("apps/v1", "Deployment") => reader::read(object, |fields| {
            Spec::Deployment(Box::new(deployment::read(fields)))
        })?,
        _ => return wrong_version(object),
    };
    Ok(Some(spec))
}

/// Reads the template of a ReplicaSet row back. It was read once before, when it was applied.
pub fn read_template(object: &Object) -> Result<PodTemplate, Diagnostics> {
    let template = reader::read_any(object, |fields| {
        fields.value("apiVersion");
        fields.value("kind");
        pod::template(fields)
    });
    template.map(|(template, _)| template)
}

/// A kind that we run, under a group or version that does not serve it, is a mistake and not another kind.
fn wrong_version<T>(object: &Object) -> Result<Option<T>, Diagnostics> {
    let expected = match (object.group(), object.kind.as_str()) {
        ("" | "apps" | "extensions", "Deployment") => "apps/v1",
        ("" | "v1", "Namespace" | "Service" | "ConfigMap" | "Secret") => "v1",
        _ => return Ok(None),
    };
    let message = format!(
        "{} of apiVersion {} is not served",
        object.kind, object.api_version
    );
    Err(Diagnostic::new(object.locate("/apiVersion"), message)
        .help(format!("write apiVersion: {expected}"))
        .into())
}

fn namespace(fields: &Fields) -> Spec {
    if let Some(spec) = fields.mapping("spec") {
        spec.ignored(
            &["finalizers"],
            "namespaces of the local cluster have no finalizers",
        );
        spec.finish();
    }
    Spec::Namespace
}
