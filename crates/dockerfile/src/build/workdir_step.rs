//! The folder of a `WORKDIR`, which is made when it is not there.

use std::time::Instant;

use serde_json::json;

use super::blocking::blocking;
use super::engine::Engine;
use super::error::Stop;
use super::progress::Label;
use super::state::State;
use super::{FILE_TIME, cache};
use crate::copy::folder;
use crate::dockerfile::{Step, Word};
use crate::tree_path::TreePath;

impl Engine<'_> {
    /// After the state has the new working folder.
    pub(crate) async fn workdir(
        &mut self,
        step: &Step,
        word: &Word,
        state: &mut State,
        label: &Label,
    ) -> Result<(), Stop> {
        let since = Instant::now();
        let path = TreePath::new(&state.settings.working_dir);
        let inputs = json!({ "below": state.chain(), "path": path.to_string() });
        let key = cache::key("workdir", &inputs);
        if self.from_cache(&key, step, state, label).await? {
            return Ok(());
        }
        let image = self.tree(&state.layers).await?;
        let location = word.location.clone();
        let entries = blocking(move || folder(&image, &location, &path)).await?;
        let blobs = self.builder.registry().blobs();
        let layer = towpath_oci::layer::write(blobs, entries, FILE_TIME).await?;
        self.add(&key, layer, state).await?;
        self.progress.done(label, &step.text, since);
        Ok(())
    }
}
