use std::fs;

use super::refusal::Refusal;

/// Sets a parameter of the current network namespace (`/proc/sys/net` shows the reader's own).
pub(super) fn set(name: &str, value: &str) -> Result<(), Refusal> {
    let path = format!("/proc/sys/net/{}", name.replace('.', "/"));
    fs::write(&path, value).map_err(Refusal::of(format!("set net.{name} to {value} in {path}")))
}
