//! Where an application answers: Services and Ingresses.

use std::collections::BTreeSet;
use std::net::IpAddr;

use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::Ingress;
use serde_json::Value;

use super::super::failure::Failure;
use super::super::lists::Wanted;
use super::super::{Inner, kinds};
use super::parts::Part;
use crate::status::{IngressStatus, ServicePortStatus, ServiceStatus};

/// Each holds a hundred endpoints.
const SLICES: usize = 100;

/// A part as a Service, without what is behind it; `None` when it is none.
pub(super) fn service(part: &Part) -> Option<ServiceStatus> {
    if (part.id.group.as_str(), part.id.kind.as_str()) != ("", "Service") {
        return None;
    }
    let text = |pointer: &str| part.object.pointer(pointer).and_then(Value::as_str);
    Some(ServiceStatus {
        namespace: part.id.namespace.clone()?,
        name: part.id.name.clone(),
        cluster_ip: text("/spec/clusterIP").and_then(|ip| ip.parse().ok()),
        ports: list(&part.object, "/spec/ports").filter_map(port).collect(),
        endpoints: Vec::new(),
        external: balancers(&part.object),
    })
}

fn list<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    let list = object.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten()
}

fn balancers(object: &Value) -> Vec<String> {
    let text = |balancer: &Value, key: &str| Some(balancer.get(key)?.as_str()?.to_owned());
    list(object, "/status/loadBalancer/ingress")
        .filter_map(|balancer| text(balancer, "hostname").or_else(|| text(balancer, "ip")))
        .collect()
}

fn port(port: &Value) -> Option<ServicePortStatus> {
    Some(ServicePortStatus {
        name: port.get("name").and_then(Value::as_str).map(str::to_owned),
        port: u16::try_from(port.get("port")?.as_u64()?).ok()?,
        // Not on this machine.
        host_port: None,
    })
}

/// The ready addresses behind a Service. They are told for people only: who may not list them sees none.
pub(super) async fn endpoints(cluster: &Inner, service: &ServiceStatus) -> Vec<IpAddr> {
    let wanted = Wanted {
        resource: kinds::known("discovery.k8s.io/v1", "EndpointSlice", "endpointslices"),
        namespace: Some(service.namespace.to_string()),
        labels: format!("kubernetes.io/service-name={}", service.name),
        most: SLICES,
    };
    let slices = match cluster.lists.get(&cluster.asking, wanted).await {
        Ok(slices) => slices,
        Err(failure) => {
            if !matches!(failure, Failure::Forbidden(_)) {
                tracing::debug!(?failure, "endpoint slices cannot be listed");
            }
            return Vec::new();
        }
    };
    let slices = slices.iter().map(|slice| slice.clone().try_parse());
    let slices: Vec<EndpointSlice> = slices.filter_map(Result::ok).collect();
    let ready: BTreeSet<IpAddr> = slices.iter().flat_map(ready).collect();
    ready.into_iter().collect()
}

fn ready(slice: &EndpointSlice) -> impl Iterator<Item = IpAddr> {
    let endpoints = slice.endpoints.as_deref().unwrap_or_default().iter();
    endpoints
        .filter(|endpoint| {
            let conditions = endpoint.conditions.as_ref();
            conditions.and_then(|conditions| conditions.ready) != Some(false)
        })
        .flat_map(|endpoint| &endpoint.addresses)
        .filter_map(|address| address.parse().ok())
}

/// A part as an Ingress; `None` when it is none.
pub(super) fn ingress(part: &Part) -> Option<IngressStatus> {
    if (part.id.group.as_str(), part.id.kind.as_str()) != ("networking.k8s.io", "Ingress") {
        return None;
    }
    Some(IngressStatus {
        namespace: part.id.namespace.clone()?,
        name: part.id.name.clone(),
        urls: urls(&part.object),
    })
}

/// Of its hosts; of its balancers when a rule is for any host. Patterns of hosts are no addresses.
fn urls(object: &Value) -> Vec<String> {
    let Ok(ingress) = serde_json::from_value::<Ingress>(object.clone()) else {
        return Vec::new();
    };
    let spec = ingress.spec.unwrap_or_default();
    let tls: BTreeSet<String> = spec
        .tls
        .unwrap_or_default()
        .into_iter()
        .flat_map(|tls| tls.hosts.unwrap_or_default())
        .collect();
    let rules = spec.rules.unwrap_or_default();
    let for_any = rules.is_empty() || rules.iter().any(|rule| rule.host.is_none());
    let mut hosts: Vec<String> = rules.into_iter().filter_map(|rule| rule.host).collect();
    if for_any {
        hosts.extend(balancers(object));
    }
    let mut seen = BTreeSet::new();
    hosts
        .into_iter()
        .filter(|host| !host.contains('*') && seen.insert(host.clone()))
        .map(|host| match tls.contains(&host) {
            true => format!("https://{host}"),
            false => format!("http://{host}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(spec: Value, expected: &[&str]) {
        let ingress = json!({"spec": spec, "status": {"loadBalancer": {"ingress": [
            {"ip": "192.0.2.1"}, {"hostname": "lb.example", "ip": "192.0.2.2"}]}}});
        assert_eq!(urls(&ingress), expected, "{ingress}");
    }

    #[test]
    fn an_ingress_answers_at_its_hosts() {
        let shop = json!({"host": "shop.example"});
        check(
            json!({"rules": [shop, {"host": "*.shop.example"}, shop]}),
            &["http://shop.example"],
        );
        check(
            json!({"rules": [shop], "tls": [{"hosts": ["shop.example"]}]}),
            &["https://shop.example"],
        );
        check(
            json!({"rules": [shop, {"http": {"paths": []}}]}),
            &[
                "http://shop.example",
                "http://192.0.2.1",
                "http://lb.example",
            ],
        );
        check(
            json!({"defaultBackend": {"service": {"name": "web"}}}),
            &["http://192.0.2.1", "http://lb.example"],
        );
    }
}
