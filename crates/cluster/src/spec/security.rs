use towpath_sandbox::{Capabilities, Capability};

use super::reader::Fields;

/// A pod's `securityContext`: what holds for containers that do not say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodSecurity {
    pub run_as_user: Option<u32>,
    pub run_as_group: Option<u32>,
    pub run_as_non_root: bool,
    /// Group that owns the volumes and that every process is in.
    pub fs_group: Option<u32>,
    pub supplemental_groups: Vec<u32>,
}

/// A container's `securityContext`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerSecurity {
    pub run_as_user: Option<u32>,
    pub run_as_group: Option<u32>,
    pub run_as_non_root: Option<bool>,
    pub read_only_root: bool,
    /// Capabilities as Kubernetes writes them: `NET_ADMIN`, `ALL`.
    pub add: Vec<String>,
    pub drop: Vec<String>,
}

const HIGHEST_ID: u32 = i32::MAX as u32;
const PROFILES: &[&str] = &[
    "seccompProfile",
    "seLinuxOptions",
    "appArmorProfile",
    "windowsOptions",
];
const PROFILES_WHY: &str = "the local cluster has one fixed confinement";

pub(super) fn pod(fields: Fields) -> PodSecurity {
    let security = PodSecurity {
        run_as_user: fields.u32("runAsUser", 0..=HIGHEST_ID),
        run_as_group: fields.u32("runAsGroup", 0..=HIGHEST_ID),
        run_as_non_root: fields.boolean("runAsNonRoot").unwrap_or(false),
        fs_group: fields.u32("fsGroup", 0..=HIGHEST_ID),
        supplemental_groups: groups(&fields),
    };
    fields.ignored(PROFILES, PROFILES_WHY);
    fields.ignored(
        &[
            "fsGroupChangePolicy",
            "supplementalGroupsPolicy",
            "seLinuxChangePolicy",
        ],
        "volumes of the local cluster are made for one pod",
    );
    fields.unsupported(&["sysctls"], "set them on the machine");
    fields.finish();
    security
}

fn groups(fields: &Fields) -> Vec<u32> {
    let Some(value) = fields.value("supplementalGroups") else {
        return Vec::new();
    };
    let ids = value.as_array().map(|ids| {
        let ids = ids
            .iter()
            .map(|id| id.as_u64().and_then(|id| u32::try_from(id).ok()));
        ids.collect::<Option<Vec<u32>>>()
    });
    match ids.flatten() {
        Some(ids) => ids,
        None => fields
            .wrong("supplementalGroups", "a list of group ids", value)
            .unwrap_or_default(),
    }
}

pub(super) fn container(fields: Fields) -> ContainerSecurity {
    let (add, drop) = fields
        .mapping("capabilities")
        .map(capabilities)
        .unwrap_or_default();
    let security = ContainerSecurity {
        run_as_user: fields.u32("runAsUser", 0..=HIGHEST_ID),
        run_as_group: fields.u32("runAsGroup", 0..=HIGHEST_ID),
        run_as_non_root: fields.boolean("runAsNonRoot"),
        read_only_root: fields.boolean("readOnlyRootFilesystem").unwrap_or(false),
        add,
        drop,
    };
    if fields.boolean("privileged") == Some(true) {
        fields.unsupported(&["privileged"], "add the capabilities that it needs");
    }
    if fields.boolean("allowPrivilegeEscalation") == Some(true) {
        fields.ignored(
            &["allowPrivilegeEscalation"],
            "no container may gain privileges by a set-user-ID program",
        );
    }
    fields.unsupported(&["procMount"], "remove it");
    fields.ignored(PROFILES, PROFILES_WHY);
    fields.finish();
    security
}

fn capabilities(fields: Fields) -> (Vec<String>, Vec<String>) {
    let lists = (names(&fields, "add"), names(&fields, "drop"));
    if lists.0.iter().any(|name| name == ALL) {
        fields.unsupported(&["add"], "name the capabilities that it needs");
    }
    fields.finish();
    lists
}

const ALL: &str = "ALL";

fn names(fields: &Fields, key: &'static str) -> Vec<String> {
    let names: Vec<String> = fields
        .strings(key)
        .iter()
        .map(|name| canonical(name))
        .collect();
    for name in names.iter().filter(|name| *name != ALL) {
        if let Err(error) = name.parse::<Capability>() {
            fields.error(key, error);
        }
    }
    names
}

/// `CAP_NET_ADMIN`, `net_admin` and `NET_ADMIN` are one.
fn canonical(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    name.strip_prefix("CAP_").unwrap_or(&name).to_owned()
}

impl ContainerSecurity {
    /// Docker's default set with `drop` taken out and `add` put in; `drop: [ALL]` takes out everything.
    pub fn capabilities(&self) -> Capabilities {
        let known = |names: &[String]| {
            names
                .iter()
                .filter_map(|name| name.parse().ok())
                .collect::<Vec<Capability>>()
        };
        let drops_all = self.drop.iter().any(|name| name == ALL);
        let base = if drops_all {
            Capabilities::NONE
        } else {
            Capabilities::DOCKER
        };
        let lessened = known(&self.drop)
            .into_iter()
            .fold(base, Capabilities::without);
        known(&self.add)
            .into_iter()
            .fold(lessened, Capabilities::with)
    }
}
