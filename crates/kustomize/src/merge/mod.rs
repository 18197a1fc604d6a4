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

use crate::links::Links;
use crate::value::{Comments, Key, Map, Scalar, Style, Value, set_field, wrong_kind};
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
                dest.try_retain(|name, field| match patch.contains_key(name) {
                    true => Ok(true),
                    false => self.field(name, field, Side::Dest, place),
                })?;
                self.set_fields(dest, patch, place)?;
                Ok(Merged::Dest)
            }
        }
    }

    fn set_fields(
        &self,
        dest: &mut Map,
        patch: &mut Map,
        place: Place<'_, 's>,
    ) -> Result<(), String> {
        for (key, patched) in patch.keyed_mut() {
            let place = place.field(&key.name);
            let merged = match dest.get_mut(&key.name) {
                Some(field) => self.both(field, patched, place)?,
                None => self.add(patched, place)?,
            };
            match merged {
                Merged::Dest => {}
                Merged::Gone => {
                    dest.remove(&key.name);
                }
                Merged::Patch => {
                    let own = Key::untagged(key.name.clone(), key.style);
                    set_field(dest, own, place.adopted(patched));
                    self.note(dest.get(&key.name));
                }
                Merged::New => {
                    let mut list = place.adopted(patched);
                    list.set_style(Style::PLAIN);
                    set_field(dest, Key::untagged(key.name.clone(), Style::PLAIN), list);
                }
            }
        }
        Ok(())
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
                scalar.quote_if_needed();
                if scalar.is_null() {
                    scalar.comments = Comments::none();
                }
                Ok(stays(scalar, side))
            }
            node => self.alone(node, side, place.field(name)),
        }
    }
}

fn stays(scalar: &Scalar, side: Side) -> bool {
    !scalar.is_null() || side == Side::Dest && !scalar.text().is_empty()
}

#[cfg(test)]
mod tests;
