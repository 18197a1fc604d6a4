use std::collections::HashSet;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::resid::ResId;
use crate::resource::Resource;
use crate::scope::Scopes;

/// The objects of a build in the order in which they were read. No two have the same current id.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ResMap {
    pub(crate) list: Vec<Resource>,
}

/// Two objects with one id.
#[derive(Debug)]
pub(crate) struct Taken(pub(crate) Box<ResId>);

impl Taken {
    pub(crate) fn message(&self) -> String {
        format!(
            "may not add resource with an already registered id: {}",
            self.0
        )
    }
}

impl ResMap {
    /// To be called after each step: what it has changed in one place changes in all that are linked.
    pub(crate) fn settle(&mut self) {
        for resource in &mut self.list {
            resource.history.links.settle(&mut resource.value);
        }
    }

    /// Tells all objects what a schema that came late says of their types.
    pub(crate) fn know(&mut self, scopes: &Arc<Scopes>) {
        for resource in &mut self.list {
            resource.scopes = Some(Arc::clone(scopes));
        }
    }

    /// Adds all objects.
    ///
    /// # Errors
    /// When one has the id of another.
    pub(crate) fn append_all(&mut self, added: Vec<Resource>) -> Result<(), Taken> {
        let mut ids: HashSet<_> = self.list.iter().map(key).collect();
        for resource in added {
            if !ids.insert(key(&resource)) {
                return Err(Taken(Box::new(resource.current_id())));
            }
            self.list.push(resource);
        }
        Ok(())
    }

    /// # Errors
    /// When two objects have got one id.
    pub(crate) fn check_unique(&self) -> Result<(), Taken> {
        let mut ids = HashSet::new();
        match self.list.iter().find(|resource| !ids.insert(key(resource))) {
            Some(resource) => Err(Taken(Box::new(resource.current_id()))),
            None => Ok(()),
        }
    }

    /// Indices of objects one of whose ids, current or previous, has this name and fits.
    pub(crate) fn by_any_id(&self, name: &str, fits: impl Fn(&ResId) -> bool) -> Vec<usize> {
        let fits = |id: &ResId| id.name == name && fits(id);
        let fitting = self.list.iter().enumerate().filter(|(_, resource)| {
            !resource.is_empty() && resource.had_name(name) && resource.any_ids().iter().any(fits)
        });
        fitting.map(|(index, _)| index).collect()
    }

    pub(crate) fn drop_empties(&mut self) {
        self.list.retain(|resource| !resource.is_empty());
    }
}

/// Equal for ids that mean the same object.
fn key(resource: &Resource) -> (ResId, SmolStr) {
    let mut id = resource.current_id();
    let namespace = id.effective_namespace().into();
    id.namespace = SmolStr::default();
    (id, namespace)
}
