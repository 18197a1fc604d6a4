//! A private network for the pods of one local cluster, made of nothing but namespaces: a bridge, a veth
//! and an address per pod, and a range of service addresses that end on the bridge's own host.
//!
//! A helper process ([`helper::main`]) lives inside and makes sockets there, which it hands out over a unix
//! socket (`SCM_RIGHTS`); a socket stays in the namespace in which it was made, so the server can accept,
//! dial and answer inside while it stays outside itself. This needs neither iptables nor a tun device, and
//! a plain user can do it in a user namespace. Nothing of it shows on the host.
//!
//! **Architecture invariant:** the helper ends when the server's end of the socket closes, and with the
//! last process and descriptor in them the namespaces vanish: nothing has to be cleaned up.

mod bridge_network;
mod error;
pub mod helper;
mod spare_sockets;
mod subnet;
mod wire;

pub use bridge_network::{BridgeNetwork, PodNetwork};
pub use error::NetworkError;
pub use subnet::{NetworkPlan, Subnet};
