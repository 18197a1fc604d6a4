use std::time::Duration;

use serde_json::Value;

use super::probe::{self, Probe};
use super::quantity;
use super::reader::Fields;
use super::security::{self, ContainerSecurity};
use super::volume::{self, VolumeMount};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Container {
    pub name: String,
    pub image: String,
    /// Replaces the image's entrypoint.
    pub command: Vec<String>,
    /// Replaces the image's command.
    pub args: Vec<String>,
    pub working_dir: Option<String>,
    pub env_from: Vec<EnvFrom>,
    pub env: Vec<EnvVar>,
    pub ports: Vec<ContainerPort>,
    pub mounts: Vec<VolumeMount>,
    pub resources: Resources,
    pub security: ContainerSecurity,
    pub readiness: Option<Probe>,
    pub liveness: Option<Probe>,
    pub startup: Option<Probe>,
    pub pre_stop: Option<PreStop>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPort {
    pub name: Option<String>,
    pub port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvVar {
    pub name: String,
    pub source: EnvSource,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvSource {
    Value(String),
    ConfigMap(KeyRef),
    Secret(KeyRef),
    /// One of `FIELD_PATHS`, or `metadata.labels['x']`, `metadata.annotations['x']`.
    Field(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRef {
    pub name: String,
    pub key: String,
    pub optional: bool,
}

/// All keys of a ConfigMap or Secret as variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFrom {
    pub prefix: String,
    pub name: String,
    pub secret: bool,
    pub optional: bool,
}

/// Limits; requests are for schedulers of many machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// In thousandths of a core.
    pub cpu_millis: Option<u64>,
    /// In bytes.
    pub memory: Option<u64>,
}

/// What runs before SIGTERM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreStop {
    Exec(Vec<String>),
    Sleep(Duration),
}

/// Fields of the pod that a variable can take its value from.
const FIELD_PATHS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.podIP",
    "status.podIPs",
];

pub(super) fn read(fields: Fields) -> Container {
    let container = Container {
        name: fields.required_string("name"),
        image: fields.required_string("image"),
        command: fields.strings("command"),
        args: fields.strings("args"),
        working_dir: fields.string("workingDir").filter(|path| !path.is_empty()),
        env_from: fields
            .items("envFrom")
            .into_iter()
            .filter_map(env_from)
            .collect(),
        env: fields.items("env").into_iter().map(env_var).collect(),
        ports: fields.items("ports").into_iter().map(port).collect(),
        mounts: fields
            .items("volumeMounts")
            .into_iter()
            .map(volume::mount)
            .collect(),
        resources: fields
            .mapping("resources")
            .map(resources)
            .unwrap_or_default(),
        security: fields
            .mapping("securityContext")
            .map(security::container)
            .unwrap_or_default(),
        readiness: fields.mapping("readinessProbe").and_then(probe::read),
        liveness: fields
            .mapping("livenessProbe")
            .and_then(|probe| once("livenessProbe", probe, &fields)),
        startup: fields
            .mapping("startupProbe")
            .and_then(|probe| once("startupProbe", probe, &fields)),
        pre_stop: fields.mapping("lifecycle").and_then(lifecycle),
    };
    policies(&fields);
    check(&fields, &container);
    fields.finish();
    container
}

/// The success threshold of liveness and startup probes must be 1 (Kubernetes API, `Probe`).
fn once(key: &str, probe: Fields, container: &Fields) -> Option<Probe> {
    let probe = probe::read(probe)?;
    if probe.success_threshold != 1 {
        container.error(key, format!("`successThreshold` of a {key} must be 1"));
    }
    Some(probe)
}

fn policies(fields: &Fields) {
    match fields.string("imagePullPolicy").as_deref() {
        None | Some("Always" | "IfNotPresent" | "Never") => {}
        Some(other) => fields.error(
            "imagePullPolicy",
            format!("unknown policy {other:?}; one of Always, IfNotPresent, Never"),
        ),
    }
    fields.ignored(
        &["imagePullPolicy"],
        "a tag is asked for whenever a pod starts, a digest is fetched once",
    );
    fields.unsupported(
        &["restartPolicy", "restartPolicyRules"],
        "sidecars go into `containers`",
    );
    fields.unsupported(&["volumeDevices"], "use volumeMounts");
    for key in ["stdin", "stdinOnce", "tty"] {
        if fields.boolean(key) == Some(true) {
            fields.unsupported(&[key], "its standard input is closed");
        }
    }
    fields.ignored(
        &[
            "terminationMessagePath",
            "terminationMessagePolicy",
            "resizePolicy",
        ],
        "the reason of an end is its exit code and the last line of its log",
    );
}

fn check(fields: &Fields, container: &Container) {
    if !is_label(&container.name) {
        fields.error(
            "name",
            format!(
                "{:?} is not a container name: expected a-z, 0-9 and -",
                container.name
            ),
        );
    }
    let relative = |path: &String| !path.starts_with('/');
    if container.working_dir.as_ref().is_some_and(relative) {
        fields.error("workingDir", "expected an absolute path");
    }
}

/// RFC 1123 label.
pub(super) fn is_label(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn env_from(fields: Fields) -> Option<EnvFrom> {
    let prefix = fields.string("prefix").unwrap_or_default();
    let sources = [
        fields.mapping("configMapRef").map(|source| (source, false)),
        fields.mapping("secretRef").map(|source| (source, true)),
    ];
    let mut sources = sources.into_iter().flatten();
    let source = sources.next();
    if source.is_none() || sources.next().is_some() {
        fields.missing("configMapRef or secretRef (exactly one)");
    }
    fields.finish();
    let (source, secret) = source?;
    let from = EnvFrom {
        prefix,
        name: source.required_string("name"),
        optional: source.boolean("optional").unwrap_or(false),
        secret,
    };
    source.finish();
    Some(from)
}

fn env_var(fields: Fields) -> EnvVar {
    let name = fields.required_string("name");
    if name.contains(['=', '\0']) {
        fields.error("name", format!("{name:?} is not a variable's name"));
    }
    let value = fields.string("value");
    let source = match fields.mapping("valueFrom").and_then(value_from) {
        Some(_) if value.is_some() => {
            fields.error("valueFrom", "`valueFrom` has no place beside `value`");
            EnvSource::Value(String::new())
        }
        Some(source) => source,
        None => EnvSource::Value(value.unwrap_or_default()),
    };
    fields.finish();
    EnvVar { name, source }
}

fn value_from(fields: Fields) -> Option<EnvSource> {
    fields.unsupported(
        &["resourceFieldRef", "fileKeyRef"],
        "use value, configMapKeyRef, secretKeyRef or fieldRef",
    );
    let sources = [
        fields
            .mapping("configMapKeyRef")
            .map(|source| EnvSource::ConfigMap(key_ref(source))),
        fields
            .mapping("secretKeyRef")
            .map(|source| EnvSource::Secret(key_ref(source))),
        fields.mapping("fieldRef").map(field_ref),
    ];
    let mut sources = sources.into_iter().flatten();
    let source = sources.next();
    let other = fields.has("resourceFieldRef") || fields.has("fileKeyRef");
    if sources.next().is_some() || (source.is_none() && !other) {
        fields.missing("configMapKeyRef, secretKeyRef or fieldRef (exactly one)");
    }
    fields.finish();
    source
}

fn key_ref(fields: Fields) -> KeyRef {
    let reference = KeyRef {
        name: fields.required_string("name"),
        key: fields.required_string("key"),
        optional: fields.boolean("optional").unwrap_or(false),
    };
    fields.finish();
    reference
}

fn field_ref(fields: Fields) -> EnvSource {
    if fields.string("apiVersion").is_some_and(|of| of != "v1") {
        fields.error("apiVersion", "`apiVersion` of a pod's field is v1");
    }
    let path = fields.required_string("fieldPath");
    let keyed = |prefix: &str| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.ends_with("']"))
    };
    let known = FIELD_PATHS.contains(&path.as_str())
        || keyed("metadata.labels['")
        || keyed("metadata.annotations['");
    if !known {
        fields.error(
            "fieldPath",
            format!("`{path}` cannot be read; one of {}", FIELD_PATHS.join(", ")),
        );
    }
    fields.finish();
    EnvSource::Field(path)
}

fn port(fields: Fields) -> ContainerPort {
    let port = fields.port("containerPort");
    if port.is_none() && !fields.has("containerPort") {
        fields.missing("containerPort");
    }
    match fields.string("protocol").as_deref() {
        None | Some("TCP") => {}
        Some("UDP" | "SCTP") => {
            fields.ignored(&["protocol"], "Services carry only TCP");
        }
        Some(other) => fields.error(
            "protocol",
            format!("unknown protocol {other:?}; one of TCP, UDP, SCTP"),
        ),
    }
    fields.unsupported(&["hostPort", "hostIP"], "use a Service of type NodePort");
    let port = ContainerPort {
        name: fields.string("name"),
        port: port.unwrap_or(1),
    };
    fields.finish();
    port
}

fn resources(fields: Fields) -> Resources {
    fields.unsupported(&["claims"], "remove it");
    if let Some(requests) = fields.mapping("requests") {
        requests.value("ephemeral-storage");
        cpu_and_memory(&requests);
        requests.finish();
    }
    fields.ignored(&["requests"], "there is one machine to run on");
    let Some(limits) = fields.mapping("limits") else {
        fields.finish();
        return Resources::default();
    };
    limits.ignored(
        &["ephemeral-storage"],
        "folders on disk have no limit of their own",
    );
    let resources = cpu_and_memory(&limits);
    limits.finish();
    fields.finish();
    resources
}

fn cpu_and_memory(fields: &Fields) -> Resources {
    Resources {
        cpu_millis: quantity(fields, "cpu"),
        memory: bytes(fields, "memory"),
    }
}

pub(super) fn bytes(fields: &Fields, key: &'static str) -> Option<u64> {
    quantity(fields, key).map(|milli| milli.div_ceil(1000))
}

fn quantity(fields: &Fields, key: &'static str) -> Option<u64> {
    let value = fields.value(key)?;
    let milli = match value {
        Value::String(text) => quantity::milli(text),
        Value::Number(number) => quantity::milli(&number.to_string()),
        _ => None,
    };
    match milli {
        Some(milli) => Some(milli),
        None => fields.wrong(key, "a quantity such as 500m, 1 or 64Mi", value),
    }
}

fn lifecycle(fields: Fields) -> Option<PreStop> {
    fields.unsupported(&["postStart", "stopSignal"], "only preStop is run");
    let hook = fields.mapping("preStop").and_then(pre_stop);
    fields.finish();
    hook
}

fn pre_stop(fields: Fields) -> Option<PreStop> {
    fields.unsupported(&["httpGet", "tcpSocket"], "use exec or sleep");
    let exec = fields
        .mapping("exec")
        .map(|exec| PreStop::Exec(probe::command(exec)));
    let sleep = fields.mapping("sleep").map(|sleep| {
        let seconds = sleep.u32("seconds", 0..=86_400).unwrap_or(0);
        sleep.finish();
        PreStop::Sleep(Duration::from_secs(seconds.into()))
    });
    let refused = fields.has("httpGet") || fields.has("tcpSocket");
    if exec.is_some() == sleep.is_some() && !refused {
        fields.missing("exec or sleep (exactly one)");
    }
    fields.finish();
    exec.or(sleep)
}
