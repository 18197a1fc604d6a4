//! Pods as processes: one task a pod, which starts its containers, asks its probes and ends it in order.

mod asking;
mod container;
mod context;
mod image;
mod log_ring;
mod main_process;
mod probes;
mod running;
mod side_command;
mod stopping;
mod volumes;
mod worker;

pub(super) use context::{Identity, Machine, Pod, now};
pub(super) use log_ring::LogRing;
