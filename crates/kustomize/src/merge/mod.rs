//! Strategic merge: a patch that looks like the object (kyaml's `merge2` and `walk`). Lists of objects merge
//! by keys of the schema, what a patch adds stands first. `$retainKeys`, `$setElementOrder` and
//! `$deleteFromPrimitiveList` mean nothing to upstream: they stay as fields.
//!
//! Both trees are changed where they are, as upstream's are: a directive is obeyed once, however often the patch's node
//! is met.

mod definition;
mod directive;
mod document;
mod elements;
mod list;
mod place;
mod schema;

use std::cell::RefCell;

use smol_str::SmolStr;

use crate::links::Links;
use crate::value::{Comments, Entry, Key, Map, Scalar, Style, Value, set_field, wrong_kind};
use directive::Directive;
use place::Place;
pub(crate) use schema::Schema;

/// Merges `patch` into `object`, whose links these are; none when the patch deletes it.
///
/// # Errors
/// When object and patch differ in kind somewhere (a list here, a mapping there), or when a `$patch` is none
/// that there is; the message names the field.
pub(crate) fn merge(
    mut object: Value,
    mut patch: Value,
    schema: &Schema,
    links: &mut Links,
) -> Result<Option<Value>, String> {
    let merge = Merge {
        schema,
        links: RefCell::new(std::mem::take(links)),
    };
    let merged = merge.both(&mut object, &mut patch, Place::default())?;
    *links = merge.links.into_inner();
    // A patch that is to replace the whole object does not: upstream only asks whether anything is left.
    Ok((merged != Merged::Gone).then_some(object))
}

struct Merge<'s> {
    schema: &'s Schema,
    links: RefCell<Links>,
}

/// Which node a merge comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Merged {
    /// None: it is to be removed.
    Gone,
    /// The object's, which has been changed.
    Dest,
    /// The patch's, without directives and nulls.
    Patch,
    /// A list that was made of the patch's elements, which the patch's has by now.
    New,
}

/// Whose a node is that is merged with nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Dest,
    /// Upstream merges with itself what it takes over.
    Patch,
}

impl<'s> Merge<'s> {
    fn both(
        &self,
        dest: &mut Value,
        patch: &mut Value,
        place: Place<'_, 's>,
    ) -> Result<Merged, String> {
        if patch.is_null() {
            return Ok(Merged::Gone);
        }
        if dest.is_null() {
            return self.add(patch, place);
        }
        if !dest.is_scalar() && dest.is_nil_or_empty() {
            dest.set_style(patch.style());
        }
        dest.comments_mut().merge(patch.comments());
        match (dest, patch) {
            (Value::Object(dest), Value::Object(patch)) => self.maps(dest, patch, place),
            (Value::Array(dest), Value::Array(patch)) => list::merge(self, dest, patch, place),
            (Value::Scalar(_), Value::Scalar(_)) => Ok(Merged::Patch),
            (dest, patch) => Err(place.problem(&wrong_kind(dest.kind_name(), patch))),
        }
    }

    fn maps(
        &self,
        dest: &mut Map,
        patch: &mut Map,
        place: Place<'_, 's>,
    ) -> Result<Merged, String> {
        let place = place.typed(self.schema, dest).typed(self.schema, patch);
        let directive = directive::take(patch).map_err(|problem| place.problem(&problem))?;
        match directive {
            Directive::Delete => Ok(Merged::Gone),
            Directive::Replace => {
                self.fields(patch, Side::Patch, place)?;
                Ok(Merged::Patch)
            }
            Directive::Merge => {
                for name in names(dest, patch) {
                    self.merge_field(&name, dest, patch, place)?;
                }
                Ok(Merged::Dest)
            }
        }
    }

    fn merge_field(
        &self,
        name: &str,
        dest: &mut Map,
        patch: &mut Map,
        place: Place<'_, 's>,
    ) -> Result<(), String> {
        let Some(Entry { key, value, .. }) = patch.entry_mut(name) else {
            let field = dest.get_mut(name);
            let stays = field.map(|field| self.field(name, field, Side::Dest, place));
            if !stays.unwrap_or(Ok(true))? {
                dest.remove(name);
            }
            return Ok(());
        };
        let place = place.field(name);
        let merged = match dest.get_mut(name) {
            Some(field) => self.both(field, value, place)?,
            None => self.add(value, place)?,
        };
        match merged {
            Merged::Dest => {}
            Merged::Gone => {
                dest.remove(name);
            }
            Merged::Patch => {
                let key = Key::untagged(key.name.clone(), key.style);
                set_field(dest, key, place.adopted(value));
                self.note(dest.get(name));
            }
            Merged::New => {
                let mut list = place.adopted(value);
                list.set_style(Style::PLAIN);
                let key = Key::untagged(key.name.clone(), Style::PLAIN);
                set_field(dest, key, list);
            }
        }
        Ok(())
    }

    /// Upstream sets a field to what it is already.
    fn set_again(&self, scalar: &mut Scalar) {
        if scalar.link.is_some() {
            self.links.borrow().refresh(scalar);
        }
        scalar.quote_if_needed();
        if scalar.is_null() {
            scalar.comments = Comments::none();
        }
        if scalar.link.is_some() {
            self.links.borrow_mut().note(scalar);
        }
    }

    /// Of several places of one node, the one that is set last counts.
    fn note(&self, set: Option<&Value>) {
        if let Some(scalar) = set.and_then(Value::as_scalar) {
            self.links.borrow_mut().note(scalar);
        }
    }

    /// What only the patch has. A directive at the top of it is obeyed in a mapping only, and stays where it is
    /// unknown.
    fn add(&self, patch: &mut Value, place: Place<'_, 's>) -> Result<Merged, String> {
        match patch {
            Value::Scalar(scalar) if scalar.is_null() => Ok(Merged::Gone),
            Value::Scalar(_) => Ok(Merged::Patch),
            Value::Object(map) => {
                let place = place.typed(self.schema, map);
                if directive::take(map) == Ok(Directive::Delete) {
                    return Ok(Merged::Gone);
                }
                self.fields(map, Side::Patch, place)?;
                Ok(Merged::Patch)
            }
            Value::Array(list) => {
                let is_new = place.associative().is_some() && !list.items.is_empty();
                list::alone(self, list, Side::Patch, place)?;
                Ok(if is_new { Merged::New } else { Merged::Patch })
            }
        }
    }

    /// Merges a node with nothing else, or with itself, and says whether it stays. What is the object's loses only
    /// nulls of which nothing is written.
    fn alone(&self, node: &mut Value, side: Side, place: Place<'_, 's>) -> Result<bool, String> {
        match node {
            Value::Scalar(scalar) => Ok(stays(scalar, side)),
            Value::Object(map) => {
                let place = place.typed(self.schema, map);
                if side == Side::Patch {
                    let directive = directive::take(map);
                    if directive.map_err(|problem| place.problem(&problem))? == Directive::Delete {
                        return Ok(false);
                    }
                }
                self.fields(map, side, place)?;
                Ok(true)
            }
            Value::Array(list) if side == Side::Patch && place.associative().is_some() => {
                let directive = directive::take_from_list(&mut list.items);
                if directive.map_err(|problem| place.problem(&problem))? == Directive::Delete {
                    return Ok(false);
                }
                list::alone(self, list, side, place)?;
                Ok(true)
            }
            Value::Array(list) => {
                list::alone(self, list, side, place)?;
                Ok(true)
            }
        }
    }

    fn fields(&self, map: &mut Map, side: Side, place: Place<'_, 's>) -> Result<(), String> {
        map.try_retain(|name, field| self.field(name, field, side, place))
    }

    /// Scalars, of which there are most, need no type.
    fn field(
        &self,
        name: &str,
        field: &mut Value,
        side: Side,
        place: Place<'_, 's>,
    ) -> Result<bool, String> {
        match field {
            Value::Scalar(scalar) => {
                self.set_again(scalar);
                Ok(stays(scalar, side))
            }
            node => self.alone(node, side, place.field(name)),
        }
    }
}

/// Of the fields of both, sorted: upstream goes by names, which matters where several are one node.
fn names(dest: &Map, patch: &Map) -> Vec<SmolStr> {
    let mut names: Vec<SmolStr> = dest.keys().chain(patch.keys()).cloned().collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn stays(scalar: &Scalar, side: Side) -> bool {
    !scalar.is_null() || side == Side::Dest && !scalar.text().is_empty()
}

#[cfg(test)]
mod tests;
