//! Control groups: where this process may make its own, in version 1, version 2 or both beside each other
//! (cgroups(7)).

mod detect;
mod layout;
mod plan;

pub(crate) use detect::{detect, remove_stale};
pub(crate) use layout::Controller;
pub(crate) use plan::{Group, Groups, Setting, Version, oom_kills, plan};
