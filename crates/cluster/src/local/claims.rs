//! The cluster IPs and node ports that manifests ask for, against what others have.

use towpath_model::{Diagnostic, ProjectName};
use towpath_store::{Store, StoreError};

use super::addresses::{Addresses, Services, is_closed};
use super::net::{NAME_SERVER, SERVICES};
use super::wanted::{Key, Wanted};
use crate::object::Object;
use crate::spec::{ClusterIp, Service};

/// A Service that is to be applied.
pub(super) struct Claim<'a> {
    pub(super) object: &'a Object,
    pub(super) key: Key,
    pub(super) service: Service,
}

/// What came of the claims.
#[derive(Default)]
pub(super) struct Judged {
    pub(super) errors: Vec<Diagnostic>,
    /// Ports that another program of this machine has, and that are replaced.
    pub(super) notes: Vec<Diagnostic>,
}

/// Judges what a project's Services ask for, all of them, against the rows.
pub(super) async fn judge(
    store: &Store,
    project: &ProjectName,
    claims: &[Claim<'_>],
) -> Result<Judged, StoreError> {
    if claims.is_empty() {
        return Ok(Judged::default());
    }
    let addresses = Addresses::load(store).await?;
    let others = Wanted::load(store).await?.services;
    let others = others.iter().filter(|(_, owned)| owned.project != *project);
    let mut services: Services = others.map(|(key, owned)| (key, &owned.value)).collect();
    services.extend(claims.iter().map(|claim| (&claim.key, &claim.service)));
    let mut judged = Judged::default();
    for claim in claims {
        judge_ip(claim, &addresses, &services, &mut judged);
        judge_ports(claim, &addresses, &services, &mut judged);
    }
    Ok(judged)
}

fn judge_ip(claim: &Claim, addresses: &Addresses, services: &Services, judged: &mut Judged) {
    let ClusterIp::Fixed(ip) = claim.service.cluster_ip else {
        return;
    };
    let holders = addresses.ip_holders(services);
    let holder = holders
        .iter()
        .find(|(held, key)| *held == ip && **key != claim.key);
    let wrong = if !SERVICES.contains(ip) {
        "is not an address of this cluster's Services".to_owned()
    } else if ip == NAME_SERVER {
        "is the name server's".to_owned()
    } else if let Some((_, key)) = holder {
        format!("is already allocated to Service {}/{}", key.0, key.1)
    } else {
        return;
    };
    let place = claim.object.locate("/spec/clusterIP");
    let error = Diagnostic::new(place, format!("clusterIP {ip} {wrong}"));
    judged.errors.push(error.help("remove `clusterIP`"));
}

fn judge_ports(claim: &Claim, addresses: &Addresses, services: &Services, judged: &mut Judged) {
    let holders = addresses.port_holders(services);
    for (index, port) in claim.service.ports.iter().enumerate() {
        let Some(asked) = port.node_port else {
            continue;
        };
        let place = claim
            .object
            .locate(&format!("/spec/ports/{index}/nodePort"));
        let other = |(held, key): &&(u16, &Key)| *held == asked && **key != claim.key;
        if let Some((_, key)) = holders.iter().find(other) {
            let message = format!(
                "nodePort {asked} is already allocated to Service {}/{}",
                key.0, key.1
            );
            let error = Diagnostic::new(place, message);
            judged
                .errors
                .push(error.help("choose another, or remove `nodePort`"));
        } else if let Some(instead) = addresses.instead_of(&claim.key, port.port, asked) {
            let message =
                format!("nodePort {asked} was taken by another program: {instead} is used instead");
            judged.notes.push(Diagnostic::new(place, message));
        } else if !addresses.is_ours(asked) && !is_closed(asked) {
            let message =
                format!("nodePort {asked} is taken by another program: another port is chosen");
            judged.notes.push(Diagnostic::new(place, message));
        }
    }
}
