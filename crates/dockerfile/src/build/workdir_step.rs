//! The folder of a `WORKDIR`, which is made when it is not there.

use std::time::Instant;

use serde_json::json;

use super::blocking::blocking;
use super::cache;
use super::engine::Engine;
use super::error::Stop;
use super::progress::Label;
use super::state::State;
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
        if self.reuse(&key, step, state, label).await? {
            return Ok(());
        }
        let image = self.tree(step, &state.layers).await?;
        let location = word.location.clone();
        let entries = blocking(move || folder(&image, &location, &path)).await?;
        let layer = self.write(step, entries).await?;
        self.add(&key, layer, state).await?;
        self.progress.done(label, &step.text, since);
        Ok(())
    }
}
