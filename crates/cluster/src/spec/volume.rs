use std::path::{Component, Path};

use super::reader::Fields;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    pub name: String,
    pub source: VolumeSource,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeSource {
    ConfigMap(ConfigVolume),
    Secret(ConfigVolume),
    EmptyDir {
        /// In memory rather than on disk.
        memory: bool,
        /// In bytes; honoured for volumes in memory.
        limit: Option<u64>,
    },
}

/// Files out of a ConfigMap or Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigVolume {
    pub name: String,
    /// Which keys become which files; all of them under their own names when empty.
    pub items: Vec<KeyToPath>,
    pub default_mode: u32,
    /// Its absence is no error.
    pub optional: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyToPath {
    pub key: String,
    /// Relative, without `..`.
    pub path: String,
    pub mode: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeMount {
    pub name: String,
    pub mount_path: String,
    /// Path inside of the volume; relative, without `..`.
    pub sub_path: Option<String>,
    pub read_only: bool,
}

/// Kubernetes knows many sources; these are read so that the error says what to do.
const OTHER_SOURCES: &[&str] = &[
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "downwardAPI",
    "ephemeral",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "gitRepo",
    "glusterfs",
    "hostPath",
    "image",
    "iscsi",
    "nfs",
    "persistentVolumeClaim",
    "photonPersistentDisk",
    "portworxVolume",
    "projected",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];

pub(super) fn read(fields: Fields) -> Volume {
    let name = fields.required_string("name");
    fields.unsupported(OTHER_SOURCES, "use configMap, secret or emptyDir");
    let sources = [
        fields
            .mapping("configMap")
            .map(|source| VolumeSource::ConfigMap(config(source, "name"))),
        fields
            .mapping("secret")
            .map(|source| VolumeSource::Secret(config(source, "secretName"))),
        fields.mapping("emptyDir").map(empty_dir),
    ];
    let mut sources = sources.into_iter().flatten();
    let source = sources.next();
    if sources.next().is_some() {
        fields.error("name", "a volume has exactly one source");
    }
    if !super::container::is_label(&name) {
        fields.error(
            "name",
            format!("{name:?} is not a volume's name: expected a-z, 0-9 and -"),
        );
    }
    fields.finish();
    Volume {
        name,
        // Kubernetes' default for a volume that names no source.
        source: source.unwrap_or(VolumeSource::EmptyDir {
            memory: false,
            limit: None,
        }),
    }
}

fn config(fields: Fields, name_key: &'static str) -> ConfigVolume {
    let volume = ConfigVolume {
        name: fields.required_string(name_key),
        items: fields.items("items").into_iter().map(key_to_path).collect(),
        default_mode: fields.u32("defaultMode", 0..=0o777).unwrap_or(0o644),
        optional: fields.boolean("optional").unwrap_or(false),
    };
    fields.finish();
    volume
}

fn key_to_path(fields: Fields) -> KeyToPath {
    let item = KeyToPath {
        key: fields.required_string("key"),
        path: fields.required_string("path"),
        mode: fields.u32("mode", 0..=0o777),
    };
    check_inside(&fields, "path", &item.path);
    fields.finish();
    item
}

fn empty_dir(fields: Fields) -> VolumeSource {
    let memory = match fields.string("medium").as_deref() {
        None | Some("") => false,
        Some("Memory") => true,
        Some(other) => {
            fields.error(
                "medium",
                format!("unknown medium {other:?}; one of \"\", Memory"),
            );
            false
        }
    };
    let limit = super::container::bytes(&fields, "sizeLimit");
    if limit.is_some() && !memory {
        fields.ignored(&["sizeLimit"], "folders on disk have no limit of their own");
    }
    fields.finish();
    VolumeSource::EmptyDir { memory, limit }
}

pub(super) fn mount(fields: Fields) -> VolumeMount {
    let mount = VolumeMount {
        name: fields.required_string("name"),
        mount_path: fields.required_string("mountPath"),
        sub_path: fields.string("subPath").filter(|path| !path.is_empty()),
        read_only: fields.boolean("readOnly").unwrap_or(false),
    };
    fields.unsupported(&["subPathExpr"], "use subPath");
    fields.ignored(
        &["mountPropagation", "recursiveReadOnly"],
        "volumes of the local cluster hold no mounts",
    );
    let path = Path::new(&mount.mount_path);
    if !path.is_absolute() || path == Path::new("/") || !is_normal(path) {
        fields.error(
            "mountPath",
            "expected an absolute path without `..`, not `/` itself",
        );
    }
    if let Some(path) = &mount.sub_path {
        check_inside(&fields, "subPath", path);
    }
    fields.finish();
    mount
}

/// Names that begin with two dots are ours (`..data`), as they are kubelet's.
fn check_inside(fields: &Fields, key: &str, path: &str) {
    let path = Path::new(path);
    let ours = path
        .iter()
        .any(|part| part.to_string_lossy().starts_with(".."));
    if path.is_absolute() || ours || !is_normal(path) {
        fields.error(
            key,
            format!("`{key}`: expected a relative path whose parts do not begin with `..`"),
        );
    }
}

fn is_normal(path: &Path) -> bool {
    path.components().all(|part| {
        matches!(
            part,
            Component::Normal(_) | Component::RootDir | Component::CurDir
        )
    })
}
