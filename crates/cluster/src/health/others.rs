use super::Judgement;
use super::fields::Fields;

/// kstatus waits for a load balancer's cluster IP only, Argo CD until it has an address outside.
pub(super) fn service(object: Fields<'_>) -> Judgement {
    let balanced = object.text("/spec/type") == Some("LoadBalancer");
    if balanced && object.list("/status/loadBalancer/ingress").is_empty() {
        return Judgement::in_progress("its load balancer has no address yet");
    }
    Judgement::current("it is there")
}

/// Argo CD; kstatus waits for nothing.
pub(super) fn ingress(object: Fields<'_>) -> Judgement {
    if object.list("/status/loadBalancer/ingress").is_empty() {
        return Judgement::in_progress("it has no address yet");
    }
    Judgement::current("it has an address")
}

pub(super) fn claim(object: Fields<'_>) -> Judgement {
    match object.text("/status/phase") {
        Some("Bound") => Judgement::current("it is bound"),
        // Argo CD: Degraded.
        Some("Lost") => Judgement::failed("its volume is lost"),
        _ => Judgement::in_progress("it is not bound to a volume yet"),
    }
}

pub(super) fn namespace(object: Fields<'_>) -> Judgement {
    match object.text("/status/phase") {
        Some("Terminating") => Judgement::in_progress("it is being deleted"),
        _ => Judgement::current("it is there"),
    }
}

/// Argo CD; to kstatus an autoscaler is current. A metric is missing for the first minute of every new pod, so
/// that alone is no failure here.
pub(super) fn autoscaler(object: Fields<'_>) -> Judgement {
    for (kind, condition) in object.conditions() {
        match (kind, condition.reason) {
            ("AbleToScale", "FailedGetScale" | "FailedUpdateScale")
            | ("ScalingActive", "InvalidSelector") => {
                return Judgement::failed(condition.message);
            }
            ("ScalingActive", _) if condition.status == "True" => {
                return Judgement::current("it scales");
            }
            // Scaled to zero by hand.
            ("ScalingActive", "ScalingDisabled") => return Judgement::current("it is disabled"),
            ("AbleToScale", "SucceededRescale") | ("ScalingLimited", "DesiredWithinRange") => {
                return Judgement::current("it scales");
            }
            _ => {}
        }
    }
    let why = object
        .condition("ScalingActive")
        .map(|condition| condition.message.to_owned());
    Judgement::in_progress(why.unwrap_or_else(|| "it has not scaled yet".to_owned()))
}

/// kstatus; Argo CD takes one that is not established yet to be degraded.
pub(super) fn definition(object: Fields<'_>) -> Judgement {
    if let Some(names) = object
        .condition("NamesAccepted")
        .filter(|c| c.status == "False")
    {
        return Judgement::failed(names.message);
    }
    match object.condition("Established") {
        Some(condition) if condition.status == "True" => Judgement::current("it is established"),
        Some(condition) if condition.status == "False" && condition.reason != "Installing" => {
            Judgement::failed(condition.message)
        }
        _ => Judgement::in_progress("it is being established"),
    }
}

pub(super) fn api_service(object: Fields<'_>) -> Judgement {
    match object.condition("Available") {
        Some(condition) if condition.status == "True" => Judgement::current("it is available"),
        Some(condition) => Judgement::in_progress(condition.message),
        None => Judgement::in_progress("it is not available yet"),
    }
}

/// kstatus' rule for kinds that it does not know: a condition `Ready`, when there is one, tells.
pub(super) fn custom(object: Fields<'_>) -> Judgement {
    match object.condition("Ready") {
        Some(condition) if condition.status == "True" => Judgement::current("it is ready"),
        Some(condition) => Judgement::in_progress(match condition.message {
            "" => "it is not ready",
            message => message,
        }),
        None => Judgement::current("it is there"),
    }
}
