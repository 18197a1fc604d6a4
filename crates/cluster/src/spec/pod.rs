use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use super::container::{self, Container};
use super::probe::{Ask, PortRef};
use super::reader::Fields;
use super::security::{self, PodSecurity};
use super::volume::{self, Volume, VolumeSource};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodTemplate {
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub spec: PodSpec,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PodSpec {
    pub init_containers: Vec<Container>,
    pub containers: Vec<Container>,
    pub volumes: Vec<Volume>,
    pub security: PodSecurity,
    /// Between SIGTERM and SIGKILL, preStop included.
    pub termination_grace: Duration,
    pub hostname: Option<String>,
    pub host_aliases: Vec<HostAlias>,
    pub service_account: String,
}

/// A line of /etc/hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostAlias {
    pub ip: IpAddr,
    pub names: Vec<String>,
}

impl Default for PodSpec {
    fn default() -> Self {
        Self {
            init_containers: Vec::new(),
            containers: Vec::new(),
            volumes: Vec::new(),
            security: PodSecurity::default(),
            termination_grace: Duration::from_secs(30),
            hostname: None,
            host_aliases: Vec::new(),
            service_account: "default".to_owned(),
        }
    }
}

const OF_SCHEDULERS: &[&str] = &[
    "affinity",
    "nodeName",
    "nodeSelector",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "runtimeClassName",
    "schedulerName",
    "tolerations",
    "topologySpreadConstraints",
];

pub(super) fn template(fields: &Fields) -> PodTemplate {
    let mut template = PodTemplate::default();
    if let Some(metadata) = fields.mapping("metadata") {
        template.labels = metadata.string_map("labels");
        template.annotations = metadata.string_map("annotations");
        metadata.ignored(
            &["creationTimestamp", "name", "namespace"],
            "pods are named after their deployment",
        );
        metadata.finish();
    }
    if let Some(spec) = fields.required_mapping("spec") {
        template.spec = read(spec);
    }
    template
}

fn read(fields: Fields) -> PodSpec {
    let spec = PodSpec {
        init_containers: containers(&fields, "initContainers"),
        containers: containers(&fields, "containers"),
        volumes: fields
            .items("volumes")
            .into_iter()
            .map(volume::read)
            .collect(),
        security: fields
            .mapping("securityContext")
            .map(security::pod)
            .unwrap_or_default(),
        termination_grace: Duration::from_secs(
            fields
                .u32("terminationGracePeriodSeconds", 0..=86_400)
                .unwrap_or(30)
                .into(),
        ),
        hostname: fields.string("hostname"),
        host_aliases: fields
            .items("hostAliases")
            .into_iter()
            .filter_map(host_alias)
            .collect(),
        service_account: service_account(&fields),
    };
    refuse(&fields);
    fields.ignored(OF_SCHEDULERS, "there is one machine to run on");
    fields.ignored(
        &["automountServiceAccountToken"],
        "the local cluster has no Kubernetes API",
    );
    fields.ignored(
        &["imagePullSecrets"],
        "what a Secret of the cluster holds is not used to log in to a registry",
    );
    fields.ignored(
        &["enableServiceLinks", "subdomain", "setHostnameAsFQDN"],
        "Services are found by DNS",
    );
    check(&fields, &spec);
    note_volumes_in_memory(&fields, &spec);
    fields.finish();
    spec
}

/// A mount belongs to one run of one container here, while in Kubernetes it lives as long as the pod.
fn note_volumes_in_memory(fields: &Fields, spec: &PodSpec) {
    for (index, volume) in spec.volumes.iter().enumerate() {
        let VolumeSource::EmptyDir {
            memory: true,
            limit,
        } = volume.source
        else {
            continue;
        };
        let key = |name: &str| format!("volumes/{index}/emptyDir/{name}");
        if spec.mounts_of(volume) <= 1 {
            let message =
                "`medium`: a volume in memory begins empty whenever its container starts again";
            fields.note(&key("medium"), message);
            continue;
        }
        for name in ["medium", "sizeLimit"] {
            if name == "medium" || limit.is_some() {
                let why = "a volume that is mounted more than once is a folder on disk";
                fields.note(&key(name), format!("`{name}` has no effect here: {why}"));
            }
        }
    }
}

fn service_account(fields: &Fields) -> String {
    let old_name = fields.string("serviceAccount");
    fields
        .string("serviceAccountName")
        .or(old_name)
        .unwrap_or_else(|| "default".to_owned())
}

fn containers(fields: &Fields, key: &'static str) -> Vec<Container> {
    fields.items(key).into_iter().map(container::read).collect()
}

fn refuse(fields: &Fields) {
    for key in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"] {
        if fields.boolean(key) == Some(true) {
            fields.unsupported(&[key], "containers of the local cluster are isolated");
        }
    }
    if fields.boolean("hostUsers") == Some(false) {
        fields.unsupported(&["hostUsers"], "remove it");
    }
    match fields.string("restartPolicy").as_deref() {
        None | Some("Always") => {}
        Some(_) => fields.error(
            "restartPolicy",
            "`restartPolicy` of a Deployment's pods is Always",
        ),
    }
    match fields.string("dnsPolicy").as_deref() {
        None | Some("ClusterFirst") => {}
        Some(_) => fields.unsupported(&["dnsPolicy"], "pods use the cluster's DNS"),
    }
    if let Some(os) = fields.mapping("os") {
        if os.string("name").as_deref() != Some("linux") {
            fields.unsupported(&["os"], "only Linux containers run");
        }
        os.finish();
    }
    fields.unsupported(
        &[
            "activeDeadlineSeconds",
            "dnsConfig",
            "ephemeralContainers",
            "readinessGates",
            "resourceClaims",
            "resources",
            "schedulingGates",
        ],
        "remove it",
    );
}

fn host_alias(fields: Fields) -> Option<HostAlias> {
    let ip = fields.required_string("ip");
    let names = fields.strings("hostnames");
    let bad_name =
        |name: &String| name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '#');
    if names.iter().any(bad_name) {
        fields.error("hostnames", "expected host names");
    }
    let parsed = ip.parse();
    if parsed.is_err() {
        fields.error("ip", format!("{ip:?} is not an IP address"));
    }
    fields.finish();
    Some(HostAlias {
        ip: parsed.ok()?,
        names,
    })
}

fn check(fields: &Fields, spec: &PodSpec) {
    if spec.containers.is_empty() {
        fields.missing("containers");
    }
    let mut names = BTreeSet::new();
    for container in spec.init_containers.iter().chain(&spec.containers) {
        if !names.insert(&container.name) {
            fields.error(
                "containers",
                format!("two containers are named `{}`", container.name),
            );
        }
        check_mounts(fields, spec, container);
        check_probe_ports(fields, container);
    }
    for container in &spec.init_containers {
        if container.readiness.is_some()
            || container.liveness.is_some()
            || container.startup.is_some()
        {
            fields.error(
                "initContainers",
                format!("init container `{}` may not have probes", container.name),
            );
        }
    }
    let hostname_ok = spec.hostname.as_deref().is_none_or(container::is_label);
    if !hostname_ok {
        fields.error("hostname", "expected a-z, 0-9 and -");
    }
}

fn check_mounts(fields: &Fields, spec: &PodSpec, container: &Container) {
    let mut paths = BTreeSet::new();
    for mount in &container.mounts {
        if !spec.volumes.iter().any(|volume| volume.name == mount.name) {
            let message = format!(
                "container `{}` mounts volume `{}`, which does not exist",
                container.name, mount.name
            );
            fields.error("volumes", message);
        }
        if !paths.insert(mount.mount_path.trim_end_matches('/')) {
            let message = format!(
                "container `{}` mounts two volumes at {}",
                container.name, mount.mount_path
            );
            fields.error("containers", message);
        }
        let of_empty_dir =
            |volume: &&Volume| matches!(volume.source, VolumeSource::EmptyDir { .. });
        let volume = spec.volumes.iter().find(|volume| volume.name == mount.name);
        if mount.sub_path.is_some() && volume.as_ref().is_some_and(of_empty_dir) {
            // A container could plant a link where the next mount would follow it out of the volume.
            let message = format!(
                "container `{}`: `subPath` of an emptyDir is not supported yet",
                container.name
            );
            fields.error("volumes", message);
        }
    }
}

fn check_probe_ports(fields: &Fields, container: &Container) {
    for probe in [
        &container.readiness,
        &container.liveness,
        &container.startup,
    ]
    .into_iter()
    .flatten()
    {
        if let Ask::Http { port, .. } | Ask::Tcp { port } = &probe.ask
            && container.port(port).is_none()
            && let PortRef::Name(name) = port
        {
            let message = format!(
                "a probe of container `{}` asks port `{name}`, which it does not name",
                container.name
            );
            fields.error("containers", message);
        }
    }
}

impl Container {
    /// The number of a port; `None` when no port has this name.
    pub fn port(&self, port: &PortRef) -> Option<u16> {
        match port {
            PortRef::Number(number) => Some(*number),
            PortRef::Name(name) => self
                .ports
                .iter()
                .find(|port| port.name.as_ref() == Some(name))
                .map(|port| port.port),
        }
    }
}

impl PodSpec {
    /// In how many places of its containers a volume is mounted.
    pub fn mounts_of(&self, volume: &Volume) -> usize {
        let containers = self.init_containers.iter().chain(&self.containers);
        containers
            .flat_map(|container| &container.mounts)
            .filter(|mount| mount.name == volume.name)
            .count()
    }

    /// The number of a port of any container.
    pub fn port(&self, port: &PortRef) -> Option<u16> {
        self.containers
            .iter()
            .find_map(|container| container.port(port))
    }
}
