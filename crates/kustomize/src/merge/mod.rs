//! Strategic merge: a patch that looks like the object (kyaml's `merge2` and `walk`). Lists of objects merge
//! by keys of the schema, what a patch adds stands first. `$retainKeys`, `$setElementOrder` and
//! `$deleteFromPrimitiveList` mean nothing to upstream: they stay as fields.

mod definition;
mod directive;
mod document;
mod elements;
mod list;
mod schema;

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;

use smol_str::SmolStr;

use crate::value::{Map, Value};
use crate::written::Written;
use directive::Directive;
use list::Lists;
pub(crate) use schema::Schema;
use schema::Type;

/// Merges `patch` into `object`; none when the patch deletes it.
///
/// # Errors
/// When object and patch differ in kind somewhere (a list here, a mapping there), or when a `$patch` is none
/// that there is; the message names the field.
pub(crate) fn merge(
    object: Value,
    patch: Value,
    schema: &Schema,
    written: &mut Written,
    patch_written: &Written,
) -> Result<Option<Value>, String> {
    written.note_merge();
    let merge = Merge {
        schema,
        written: RefCell::new(written),
        patch_written,
    };
    let merged = merge.walk(Some(object), Some(patch), None, Path::default())?;
    Ok(merged.map(|merged| merged.value))
}

/// Where in the object we are, for messages.
#[derive(Clone, Copy, Debug, Default)]
struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    name: &'p str,
}

impl Path<'_> {
    fn problem(&self, message: String) -> String {
        format!("{message}, in `{self}`")
    }

    fn names(&self) -> Vec<SmolStr> {
        let mut names = self.parent.map(Path::names).unwrap_or_default();
        if !self.name.is_empty() {
            names.push(self.name.into());
        }
        names
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parent {
            Some(parent) if !parent.name.is_empty() => write!(f, "{parent}.{}", self.name),
            _ => f.write_str(self.name),
        }
    }
}

struct Merge<'s> {
    schema: &'s Schema,
    /// Of the object.
    written: RefCell<&'s mut Written>,
    patch_written: &'s Written,
}

/// Whose value a merged one is: the object's, changed, or the patch's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Dest,
    Patch,
}

struct Merged {
    value: Value,
    from: From,
}

impl<'s> Merge<'s> {
    /// Merges one node. Missing is not the same as null: a null in a patch deletes.
    fn walk(
        &self,
        dest: Option<Value>,
        patch: Option<Value>,
        ty: Option<Type<'s>>,
        path: Path<'_>,
    ) -> Result<Option<Merged>, String> {
        let ty = ty
            .or_else(|| self.type_of(&dest))
            .or_else(|| self.type_of(&patch));
        let null = dest.as_ref().is_some_and(Value::is_null);
        let dest = dest.filter(|_| !null);
        match (dest, patch) {
            (None, None) if null => Ok(self.keep_null(path)),
            (_, Some(Value::Null)) => {
                self.written.borrow_mut().forget(&path.names());
                Ok(None)
            }
            (None, None) => Ok(None),
            (Some(dest), None) => self.keep(dest, ty, path),
            (None, Some(patch)) => {
                self.adopt(path, null);
                let added = self.add(patch, ty, path)?;
                Ok(added.map(|value| Merged {
                    value,
                    from: From::Patch,
                }))
            }
            (Some(dest), Some(patch)) => self.both(dest, patch, ty, path),
        }
    }

    fn both(
        &self,
        dest: Value,
        patch: Value,
        ty: Option<Type<'s>>,
        path: Path<'_>,
    ) -> Result<Option<Merged>, String> {
        let merges = ty.filter(|ty| ty.merges());
        if is_empty(&dest) {
            let mut written = self.written.borrow_mut();
            written.restyle(&path.names(), self.patch_written);
        }
        match (dest, &patch) {
            (Value::Array(dest), Value::Array(_)) => match merges {
                Some(ty) => self.lists(dest, patch, ty, path),
                None => {
                    self.adopt(path, true);
                    Ok(Some(Merged {
                        value: self.as_it_is(patch, path),
                        from: From::Patch,
                    }))
                }
            },
            (Value::Object(dest), Value::Object(_)) => self.maps(dest, patch, ty, path),
            (dest, _) if is_scalar(&dest) && is_scalar(&patch) => Ok(Some(Merged {
                value: self.scalar(&dest, patch, path),
                from: From::Patch,
            })),
            (dest, _) => Err(path.problem(elements::wrong_kind(elements::kind(&dest), &patch))),
        }
    }

    /// What the patch has takes the place of what was there.
    fn adopt(&self, path: Path<'_>, was_there: bool) {
        let mut written = self.written.borrow_mut();
        written.adopt(&path.names(), self.patch_written, was_there);
    }

    /// A list of the patch's that is not merged. What is nothing there has quotes when brackets are around it.
    fn as_it_is(&self, mut list: Value, path: Path<'_>) -> Value {
        let mut path = path.names();
        if self.written.borrow().is_flow_inside(&path) {
            self.patch_written.quote_nothing(&mut list, &mut path);
        }
        list
    }

    /// A null that nobody wrote out goes.
    fn keep_null(&self, path: Path<'_>) -> Option<Merged> {
        let written = self.written.borrow();
        let keeps = written.has_nulls() && written.keeps_null(&path.names());
        drop(written);
        keeps.then(|| Merged {
            value: self.settled(Value::Null, path),
            from: From::Dest,
        })
    }

    /// None for an annotation without anything behind its name, which is a null that nobody wrote out.
    fn kept_scalar(&self, scalar: Value, path: Path<'_>) -> Option<Value> {
        let written = self.written.borrow();
        let is_nothing = scalar == "" && written.has_loose() && written.is_nothing(&path.names());
        drop(written);
        (!is_nothing).then(|| self.settled(scalar, path))
    }

    fn settled(&self, scalar: Value, path: Path<'_>) -> Value {
        let mut written = self.written.borrow_mut();
        match written.has_unsettled() {
            true => written.settled(&path.names(), scalar),
            false => scalar,
        }
    }

    /// The object's quotes stay, and make a string of what the patch has.
    fn scalar(&self, dest: &Value, patch: Value, path: Path<'_>) -> Value {
        let patch_written = self.patch_written;
        if !dest.is_string() && !patch.is_string() && !patch_written.has_odd_texts() {
            return patch;
        }
        let path = path.names();
        let mut written = self.written.borrow_mut();
        let quoted = dest.as_str().filter(|text| written.is_quoted(&path, text));
        if quoted.is_none() {
            written.adopt_text(&path, patch_written);
        }
        match (quoted, &patch) {
            // The quotes stay, around what the patch's file says.
            (Some(old), _) => {
                let text = patch_written.text_of(&path, &patch);
                written.replaced_quoted(&path, old, &text);
                written.keep_tag(&path, &text, &patch);
                text.into()
            }
            (None, Value::String(text)) => {
                written.replaced_bare(&path, text);
                patch
            }
            _ => patch,
        }
    }

    fn maps(
        &self,
        dest: Map,
        mut patch: Value,
        ty: Option<Type<'s>>,
        path: Path<'_>,
    ) -> Result<Option<Merged>, String> {
        match directive::take(&mut patch).map_err(|problem| path.problem(problem))? {
            Directive::Delete => return Ok(None),
            Directive::Replace => {
                self.adopt(path, true);
                let value = self.settle(patch, ty, path)?;
                return Ok(value.map(|value| Merged {
                    value,
                    from: From::Patch,
                }));
            }
            Directive::Merge => {}
        }
        let Value::Object(patch) = patch else {
            return Ok(None);
        };
        let mut entries = Vec::with_capacity(dest.len() + patch.len());
        for (name, dest, patched) in joined(dest, patch) {
            let value = match (dest, patched) {
                // Scalars that the patch does not name stay as they are.
                (Some(dest), None) if is_scalar(&dest) => {
                    let path = Path {
                        parent: Some(&path),
                        name: &name,
                    };
                    self.kept_scalar(dest, path)
                }
                (dest, patched) => {
                    let path = Path {
                        parent: Some(&path),
                        name: &name,
                    };
                    let ty = ty.and_then(|ty| ty.field(&name));
                    let merged = self.walk(dest, patched, ty, path)?;
                    merged.map(|merged| merged.value)
                }
            };
            entries.extend(value.map(|value| (name, value)));
        }
        Ok(Some(Merged {
            value: Value::Object(entries.into_iter().collect()),
            from: From::Dest,
        }))
    }

    fn lists(
        &self,
        dest: Vec<Value>,
        mut patch: Value,
        ty: Type<'s>,
        path: Path<'_>,
    ) -> Result<Option<Merged>, String> {
        let directive = directive::take(&mut patch).map_err(|problem| path.problem(problem))?;
        if directive == Directive::Replace {
            self.adopt(path, true);
        }
        let Value::Array(patch) = patch else {
            return Ok(None);
        };
        let (lists, from) = match directive {
            Directive::Delete => return Ok(None),
            Directive::Replace => (
                Lists {
                    dest: patch,
                    patch: None,
                },
                From::Patch,
            ),
            Directive::Merge => (
                Lists {
                    dest,
                    patch: Some(patch),
                },
                From::Dest,
            ),
        };
        let value = list::merge(self, lists, ty, path)?;
        Ok(Some(Merged {
            value: Value::Array(value),
            from,
        }))
    }

    /// What the patch does not name: only nulls go, and lists that merge are put in order.
    fn keep(
        &self,
        dest: Value,
        ty: Option<Type<'s>>,
        path: Path<'_>,
    ) -> Result<Option<Merged>, String> {
        match (dest, ty) {
            (dest, None) if is_plain(&dest) && !self.written.borrow().has_loose() => {
                Ok(Some(Merged {
                    value: dest,
                    from: From::Dest,
                }))
            }
            (Value::Object(dest), ty) => self.maps(dest, Value::Object(Map::new()), ty, path),
            (Value::Array(dest), Some(ty)) if ty.merges() => {
                self.lists(dest, Value::Array(Vec::new()), ty, path)
            }
            (dest, _) => Ok(Some(Merged {
                value: dest,
                from: From::Dest,
            })),
        }
    }

    /// What only the patch has. A directive at the top of it is obeyed in a mapping only.
    fn add(
        &self,
        mut patch: Value,
        ty: Option<Type<'s>>,
        path: Path<'_>,
    ) -> Result<Option<Value>, String> {
        if patch.is_object() && directive::take(&mut patch) == Ok(Directive::Delete) {
            return Ok(None);
        }
        self.settle_inside(patch, ty, path)
    }

    /// A part of the patch merged with itself, as upstream does with what it takes over: nulls and directives
    /// go.
    fn settle(
        &self,
        mut patch: Value,
        ty: Option<Type<'s>>,
        path: Path<'_>,
    ) -> Result<Option<Value>, String> {
        let ty = ty.or_else(|| self.type_of_value(&patch));
        if patch.is_null() {
            return Ok(None);
        }
        let merges = patch.is_object() || ty.is_some_and(Type::merges);
        if merges
            && directive::take(&mut patch).map_err(|problem| path.problem(problem))?
                == Directive::Delete
        {
            return Ok(None);
        }
        self.settle_inside(patch, ty, path)
    }

    fn settle_inside(
        &self,
        patch: Value,
        ty: Option<Type<'s>>,
        path: Path<'_>,
    ) -> Result<Option<Value>, String> {
        match patch {
            Value::Object(map) => {
                let mut settled = Vec::with_capacity(map.len());
                for (name, value) in map {
                    let path = Path {
                        parent: Some(&path),
                        name: &name,
                    };
                    let value = self.settle(value, ty.and_then(|ty| ty.field(&name)), path)?;
                    settled.extend(value.map(|value| (name, value)));
                }
                Ok(Some(Value::Object(settled.into_iter().collect())))
            }
            Value::Array(dest) => match ty.filter(|ty| ty.merges()) {
                Some(ty) => {
                    let merged = list::merge(self, Lists { dest, patch: None }, ty, path);
                    Ok(Some(Value::Array(merged?)))
                }
                None => Ok(Some(self.as_it_is(Value::Array(dest), path))),
            },
            scalar => Ok(Some(scalar)),
        }
    }

    fn type_of(&self, value: &Option<Value>) -> Option<Type<'s>> {
        self.type_of_value(value.as_ref()?)
    }

    /// The type that an object says it is; also within another object whose own type does not say.
    fn type_of_value(&self, value: &Value) -> Option<Type<'s>> {
        let text = |key| value.get(key).and_then(Value::as_str);
        self.schema.of_kind(text("apiVersion")?, text("kind")?)
    }
}

/// The entries of both by name, in order.
fn joined(dest: Map, patch: Map) -> impl Iterator<Item = (SmolStr, Option<Value>, Option<Value>)> {
    let (mut dest, mut patch) = (dest.into_iter().peekable(), patch.into_iter().peekable());
    std::iter::from_fn(move || {
        let order = match (dest.peek(), patch.peek()) {
            (Some((one, _)), Some((other, _))) => one.cmp(other),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        let dest = dest.next_if(|_| order.is_le());
        let patch = patch.next_if(|_| order.is_ge());
        let (name, dest) = dest.map_or((None, None), |(name, dest)| (Some(name), Some(dest)));
        match patch {
            Some((own, patch)) => Some((name.unwrap_or(own), dest, Some(patch))),
            None => Some((name?, dest, None)),
        }
    })
}

/// Whether a part of no type stays as it is: without nulls, and without objects that have a type again.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(_) => true,
        Value::Object(map) => !map.contains_key("kind") && map.values().all(is_plain),
        _ => true,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_))
}

#[cfg(test)]
mod tests;
