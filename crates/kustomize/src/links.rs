//! Entries that are one node in upstream's memory.
//!
//! A label or an annotation that upstream creates in several places of an object is one node there, linked
//! from each of them. When a later step changes the entry in one place, it changes in all: an overlay that
//! sets a label of a base anew, without selectors, changes the selectors too (`filtersutil.SetEntry` and
//! `yaml.FieldSetter` of kustomize 5.8.1). Output can only be the same if we do the same.

use crate::value::{Link, Scalar, Value};

/// The nodes of an object that stand in several places, as they are by now.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Links {
    nodes: Vec<Scalar>,
    /// Whether places that were not visited are behind.
    is_ahead: bool,
}

impl Links {
    /// Whether nothing is shared, so that nothing has to settle.
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The name of a node that is to be shared; none when there are too many, which are copies then.
    pub(crate) fn next(&self) -> Option<Link> {
        let count = u16::try_from(self.nodes.len()).ok()?;
        count.checked_add(1).and_then(Link::new)
    }

    /// Notes that this is the node in all places of an object that have the link, which was the
    /// [`next`](Self::next). One place alone loses the link.
    pub(crate) fn share(&mut self, link: Link, node: Scalar, object: &mut Value) {
        let mut count = 0;
        each(object, &mut |scalar| {
            count += usize::from(scalar.link == Some(link))
        });
        let kept = (count > 1).then_some(link);
        each(object, &mut |scalar| {
            if scalar.link == Some(link) {
                *scalar = node.clone().linked(kept);
            }
        });
        if count > 1 {
            self.nodes.push(node);
        }
    }

    /// Calls `work` with a node, which is as another of its places has it by now. Within a mapping or a list, so are
    /// the scalars.
    pub(crate) fn visit<T>(&mut self, node: &mut Value, work: impl FnOnce(&mut Value) -> T) -> T {
        if self.is_empty() {
            return work(node);
        }
        each_here(node, &mut |scalar| self.refresh(scalar));
        let done = work(node);
        each_here(node, &mut |scalar| self.note(scalar));
        done
    }

    /// After a step: what it changed in one place changes in all.
    pub(crate) fn settle(&mut self, object: &mut Value) {
        if self.is_empty() {
            return;
        }
        if !self.is_ahead {
            self.note_changed(object);
        }
        if self.is_ahead {
            each(object, &mut |scalar| self.refresh(scalar));
            self.is_ahead = false;
        }
    }

    /// Notes what a step has changed without a visit.
    fn note_changed(&mut self, object: &mut Value) {
        let mut changed: Vec<Scalar> = Vec::new();
        each(object, &mut |scalar| {
            if self.own(scalar).is_some_and(|own| own != scalar) {
                changed.push(scalar.clone());
            }
        });
        changed.iter().for_each(|scalar| self.note(scalar));
    }

    fn own(&self, scalar: &Scalar) -> Option<&Scalar> {
        scalar.link.and_then(|link| self.nodes.get(index(link)))
    }

    /// Makes of a place of a node what the node has become.
    pub(crate) fn refresh(&self, scalar: &mut Scalar) {
        if let Some(own) = self.own(scalar) {
            *scalar = own.clone().linked(scalar.link);
        }
    }

    /// Notes what a place of a node has become.
    pub(crate) fn note(&mut self, scalar: &Scalar) {
        let own = scalar.link.and_then(|link| self.nodes.get_mut(index(link)));
        if let Some(own) = own.filter(|own| *own != scalar) {
            own.clone_from(scalar);
            self.is_ahead = true;
        }
    }
}

fn index(link: Link) -> usize {
    usize::from(link.get()) - 1
}

/// The node itself, or the scalars right in it.
fn each_here(node: &mut Value, work: &mut dyn FnMut(&mut Scalar)) {
    match node {
        Value::Scalar(scalar) => work(scalar),
        Value::Array(list) => {
            let scalars = list.items.iter_mut().filter_map(Value::as_scalar_mut);
            scalars.for_each(work);
        }
        Value::Object(map) => {
            let scalars = map.values_mut().filter_map(Value::as_scalar_mut);
            scalars.for_each(work);
        }
    }
}

fn each(node: &mut Value, work: &mut dyn FnMut(&mut Scalar)) {
    match node {
        Value::Scalar(scalar) => work(scalar),
        Value::Array(list) => list.items.iter_mut().for_each(|item| each(item, work)),
        Value::Object(map) => map.values_mut().for_each(|value| each(value, work)),
    }
}

#[cfg(test)]
mod tests {
    use crate::value::json;

    use super::*;

    #[test]
    fn a_change_in_one_place_is_a_change_in_all() {
        let mut object =
            json!({"metadata": {"labels": {"a": "x"}}, "spec": {"selector": {"a": "x"}}});
        let mut links = Links::default();
        let link = links.next().unwrap();
        each(&mut object, &mut |scalar| scalar.link = Some(link));
        links.share(link, Scalar::string("x"), &mut object);
        object["metadata"]["labels"]["a"].become_all("y".into());
        links.settle(&mut object);
        assert_eq!(object["spec"]["selector"]["a"], "y");
        object["metadata"]["labels"]["a"] = "z".into();
        links.settle(&mut object);
        assert_eq!(object["spec"]["selector"]["a"], "y");
    }
}
