//! The cluster's name server: Services by name ("Kubernetes DNS-Based Service Discovery" 1.1.0), everything else
//! from the machine's own resolvers.

mod answer;
mod forward;
mod resolv_conf;
mod server;
mod zone;

pub(super) use resolv_conf::for_pod as resolv_conf;
pub use resolv_conf::name_servers;
pub(super) use server::NameServer;
pub(super) use zone::Zone;
