use towpath_model::Timestamp;
use towpath_oci::image::{ImageConfiguration, RootFs, this_platform};

use super::state::State;

/// The image configuration of a finished stage.
pub(crate) fn configuration(state: &State, created: Timestamp) -> ImageConfiguration {
    let platform = this_platform();
    let mut root = RootFs::default();
    let diff_ids = state.layers.iter().map(|layer| layer.diff_id.to_string());
    root.set_diff_ids(diff_ids.collect());
    let mut configuration = ImageConfiguration::default();
    configuration
        .set_created(Some(created.to_string()))
        .set_author(state.author.clone())
        .set_architecture(platform.architecture.as_str().into())
        .set_os(platform.os.as_str().into())
        .set_config(Some(state.settings.to_config()))
        .set_rootfs(root)
        .set_history(Some(state.history.clone()));
    configuration
}
