//! What upstream notes of an object while it builds, in annotations of its own.

use smol_str::SmolStr;

use crate::resource::{Behavior, Resource};
use crate::value::Map;

/// Kept apart here, and yet they go when a step replaces or removes the annotations as a whole: the object's former
/// names are forgotten then.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Notes {
    /// The oldest first.
    pub(crate) previous: Vec<PreviousId>,
    pub(crate) prefixes: Vec<SmolStr>,
    pub(crate) suffixes: Vec<SmolStr>,
    pub(crate) behavior: Behavior,
    pub(crate) needs_hash: bool,
    /// Whether there are any.
    is_some: bool,
}

/// A name that an object had. Its group and version are those that it has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PreviousId {
    pub(crate) kind: SmolStr,
    pub(crate) name: SmolStr,
    /// The effective one.
    pub(crate) namespace: SmolStr,
}

impl Resource {
    /// To be called when upstream adds a note: there are annotations then, which patches see.
    pub(crate) fn note(&mut self) {
        self.history.notes.is_some = true;
        self.keep_notes();
    }

    /// To be called after annotations were made anew that notes are among.
    pub(crate) fn keep_notes(&mut self) {
        if self.history.notes.is_some
            && let Some(annotations) = self.metadata_map_mut("annotations")
        {
            annotations.holds_notes = true;
        }
    }

    /// To be called after a step: notes that were in annotations which are gone are forgotten.
    pub(crate) fn forget_lost_notes(&mut self) {
        let holds_notes = |map: &Map| map.holds_notes;
        if self.history.notes.is_some && !self.metadata_map("annotations").is_some_and(holds_notes)
        {
            self.history.notes = Notes::default();
            self.origin = None;
            self.transformations.clear();
        }
    }
}
