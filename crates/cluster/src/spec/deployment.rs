use std::time::Duration;

use serde_json::Value;

use super::pod::{self, PodTemplate};
use super::reader::Fields;
use super::selector::{self, Selector};

/// `apps/v1` Deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    pub replicas: u32,
    pub selector: Selector,
    pub template: PodTemplate,
    /// The template as it was written; its digest names the ReplicaSet.
    pub raw_template: Value,
    pub strategy: Strategy,
    /// How long a pod must be ready before it counts as available.
    pub min_ready: Duration,
    /// Without progress for so long, the rollout has failed.
    pub progress_deadline: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// All old pods go before the first new one comes.
    Recreate,
    RollingUpdate {
        max_surge: IntOrPercent,
        max_unavailable: IntOrPercent,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntOrPercent {
    Int(u32),
    Percent(u32),
}

impl IntOrPercent {
    pub fn rounded_up(self, of: u32) -> u32 {
        match self {
            IntOrPercent::Int(number) => number,
            IntOrPercent::Percent(percent) => share(percent, of).div_ceil(100),
        }
    }

    pub fn rounded_down(self, of: u32) -> u32 {
        match self {
            IntOrPercent::Int(number) => number,
            IntOrPercent::Percent(percent) => share(percent, of) / 100,
        }
    }
}

fn share(percent: u32, of: u32) -> u32 {
    percent.saturating_mul(of)
}

/// More pods than one machine could run; keeps a typing error from filling it.
const MOST_REPLICAS: u32 = 1000;

pub(super) fn read(fields: &Fields) -> Deployment {
    let Some(spec) = fields.required_mapping("spec") else {
        return empty();
    };
    let deployment = Deployment {
        replicas: spec.u32("replicas", 0..=MOST_REPLICAS).unwrap_or(1),
        selector: spec
            .required_mapping("selector")
            .map(selector::read)
            .unwrap_or_default(),
        raw_template: spec.value("template").cloned().unwrap_or_default(),
        template: template(&spec),
        strategy: spec
            .mapping("strategy")
            .map_or_else(default_strategy, strategy),
        min_ready: seconds(&spec, "minReadySeconds", 0),
        progress_deadline: seconds(&spec, "progressDeadlineSeconds", 600),
    };
    spec.ignored(
        &["revisionHistoryLimit"],
        "old releases are kept by the pipeline",
    );
    if spec.boolean("paused") == Some(true) {
        spec.unsupported(&["paused"], "remove it");
    }
    if spec.has("selector") && spec.has("template") {
        check_selector(&spec, &deployment);
    }
    spec.finish();
    deployment
}

fn check_selector(spec: &Fields, deployment: &Deployment) {
    if deployment.selector.is_empty() {
        spec.error(
            "selector",
            "`selector` selects everything; name the labels of the template",
        );
    } else if !deployment.selector.matches(&deployment.template.labels) {
        spec.error(
            "selector",
            "`selector` does not match the labels of the template",
        );
    }
}

fn template(spec: &Fields) -> PodTemplate {
    match spec.required_mapping("template") {
        Some(fields) => {
            let template = pod::template(&fields);
            fields.finish();
            template
        }
        None => PodTemplate::default(),
    }
}

fn seconds(spec: &Fields, key: &'static str, default: u32) -> Duration {
    Duration::from_secs(spec.u32(key, 0..=u32::MAX).unwrap_or(default).into())
}

fn default_strategy() -> Strategy {
    let quarter = IntOrPercent::Percent(25);
    Strategy::RollingUpdate {
        max_surge: quarter,
        max_unavailable: quarter,
    }
}

fn strategy(fields: Fields) -> Strategy {
    let rolling = fields.mapping("rollingUpdate");
    let strategy = match fields.string("type").as_deref() {
        Some("Recreate") => {
            if rolling.is_some() {
                fields.error(
                    "rollingUpdate",
                    "`rollingUpdate` has no place beside `type: Recreate`",
                );
            }
            Strategy::Recreate
        }
        Some("RollingUpdate") | None => rolling.map_or_else(default_strategy, rolling_update),
        Some(other) => {
            fields.error(
                "type",
                format!("unknown type {other:?}; one of RollingUpdate, Recreate"),
            );
            default_strategy()
        }
    };
    fields.finish();
    strategy
}

fn rolling_update(fields: Fields) -> Strategy {
    let quarter = IntOrPercent::Percent(25);
    let max_surge = int_or_percent(&fields, "maxSurge").unwrap_or(quarter);
    let max_unavailable = int_or_percent(&fields, "maxUnavailable").unwrap_or(quarter);
    let zero = |value| matches!(value, IntOrPercent::Int(0) | IntOrPercent::Percent(0));
    if zero(max_surge) && zero(max_unavailable) {
        fields.error(
            "maxUnavailable",
            "`maxUnavailable` may not be 0 when `maxSurge` is 0",
        );
    }
    if matches!(max_unavailable, IntOrPercent::Percent(101..)) {
        fields.error(
            "maxUnavailable",
            "`maxUnavailable` may not be more than 100%",
        );
    }
    fields.finish();
    Strategy::RollingUpdate {
        max_surge,
        max_unavailable,
    }
}

fn int_or_percent(fields: &Fields, key: &'static str) -> Option<IntOrPercent> {
    let value = fields.value(key)?;
    let percent = |text: &str| {
        text.strip_suffix('%')
            .and_then(|number| number.parse().ok())
    };
    let read = match value {
        Value::Number(number) => number
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .map(IntOrPercent::Int),
        Value::String(text) => percent(text).map(IntOrPercent::Percent),
        _ => None,
    };
    match read {
        Some(value) => Some(value),
        None => fields.wrong(key, "a whole number or a percentage such as 25%", value),
    }
}

fn empty() -> Deployment {
    Deployment {
        replicas: 0,
        selector: Selector::default(),
        template: PodTemplate::default(),
        raw_template: Value::Null,
        strategy: Strategy::Recreate,
        min_ready: Duration::ZERO,
        progress_deadline: Duration::ZERO,
    }
}
