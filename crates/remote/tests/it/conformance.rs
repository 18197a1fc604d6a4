//! The suite of all workspaces, for one whose commands a worker runs.

use crate::endpoint::{Place, timing};

async fn place() -> Option<Place> {
    Some(Place::new(timing()).await)
}

towpath_testkit::workspace_conformance!(remote, place);
