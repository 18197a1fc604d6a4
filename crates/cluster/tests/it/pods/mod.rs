//! Real pods: a real image, real sandboxes, a real network.

mod configs;
mod failures;
mod lifecycle;
mod namespaces;
mod rollouts;
mod service_addresses;
mod world;

pub(crate) use world::World;

/// What a plain user's pods cannot do is skipped there.
#[test]
fn as_a_plain_user_too() {
    crate::plain_user::run(&["pods::rollouts::", "pods::configs::"]);
}
