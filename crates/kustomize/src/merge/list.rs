//! Merging lists whose elements are known by keys (kyaml's `walk/associative_sequence.go`).

use std::collections::BTreeSet;

use smol_str::SmolStr;

use super::directive;
use super::elements::{self, Keys};
use super::schema::Type;
use super::{From, Merge, Merged, Path};
use crate::scalar::{self, text};
use crate::value::Value;
use crate::written::{Written, element_of};

/// The two lists of a merge; one when what the patch adds is merged with itself.
pub(super) struct Lists {
    pub(super) dest: Vec<Value>,
    /// None when `dest` is the patch's.
    pub(super) patch: Option<Vec<Value>>,
}

/// Values of the merge keys of one element, in the order of the keys.
type Values = Vec<String>;

/// Merges two lists of this type.
pub(super) fn merge<'s>(
    merge: &Merge<'s>,
    lists: Lists,
    ty: Type<'s>,
    path: Path<'_>,
) -> Result<Vec<Value>, String> {
    let mut keys = ty.merge_keys();
    let mut all = match keys.is_empty() {
        true => lists.scalars(),
        false => lists.values(&keys),
    };
    if keys.is_empty() {
        keys.push("");
    }
    if keys.len() > 1 {
        join_alike(&mut all);
    }
    if all.is_empty() {
        return Ok(lists.dest);
    }
    let elements = Elements {
        merge,
        ty: ty.elements(),
        path,
        names: path.names(),
    };
    elements.merge(lists, &keys, &all)
}

struct Elements<'m, 's> {
    merge: &'m Merge<'s>,
    ty: Option<Type<'s>>,
    path: Path<'m>,
    /// Of the path.
    names: Vec<SmolStr>,
}

impl Elements<'_, '_> {
    /// What the patch has comes first, in its order.
    fn merge(&self, mut lists: Lists, keys: &[&str], all: &[Values]) -> Result<Vec<Value>, String> {
        let valid = valid_keys(all, keys);
        let is_own = lists.patch.is_none();
        let mut merged = Vec::new();
        for values in all {
            let values = valid_values(&valid, values, keys);
            let element = self.element(&mut lists, &valid, &values)?;
            self.with_keys(&valid, is_own, |keys| match element {
                Some(element) => elements::set(&mut merged, Some(&element), keys, &values),
                None => elements::set(&mut lists.dest, None, keys, &values),
            })?;
        }
        self.with_keys(&valid, is_own, |keys| append(&mut merged, lists.dest, keys))?;
        Ok(merged)
    }

    /// Does something with the keys and the texts of their nulls: those of the patch, or of the object.
    fn with_keys<T>(
        &self,
        keys: &[&str],
        of_patch: bool,
        work: impl FnOnce(&Keys<'_>) -> Result<T, String>,
    ) -> Result<T, String> {
        let object = self.merge.written.borrow();
        let written: &Written = match of_patch {
            true => self.merge.patch_written,
            false => &object,
        };
        let keys = Keys {
            names: keys,
            list: &self.names,
            written,
        };
        work(&keys).map_err(|problem| self.path.problem(problem))
    }

    /// Merges one element, in the destination too where it is there already; none when it is to go.
    fn element(
        &self,
        lists: &mut Lists,
        keys: &[&str],
        values: &[String],
    ) -> Result<Option<Value>, String> {
        let (own_keys, own_values) = given(keys, values);
        let is_own = lists.patch.is_none();
        let find = |list: &[Value], of_patch: bool| {
            self.with_keys(&own_keys, of_patch, |keys| {
                Ok(elements::find(list, keys, &own_values))
            })
        };
        let index = find(&lists.dest, is_own)?;
        let in_patch = match &lists.patch {
            Some(patch) => find(patch, true)?,
            None => None,
        };
        let dest = index.map(|index| lists.dest[index].clone());
        let named = dest.as_ref().or(lists.patched(in_patch));
        let name = named.map(element_of).unwrap_or_default();
        let path = Path {
            parent: Some(&self.path),
            name: &name,
        };
        let merged = match &mut lists.patch {
            None => {
                let settled = match dest {
                    Some(dest) => self.merge.settle(dest, self.ty, path)?,
                    None => None,
                };
                if let (Some(index), None) = (index, &settled) {
                    lists.dest[index] = spent(&lists.dest[index]);
                }
                settled.map(|value| Merged {
                    value,
                    from: From::Dest,
                })
            }
            Some(patch) => {
                let own = in_patch.map(|index| {
                    let spent = spent(&patch[index]);
                    std::mem::replace(&mut patch[index], spent)
                });
                self.merge.walk(dest, own, self.ty, path)?
            }
        };
        let Some(mut merged) = merged.filter(|merged| !elements::is_nothing(&merged.value)) else {
            return Ok(None);
        };
        set_keys(&mut merged.value, keys, values);
        if let (Some(index), From::Dest) = (index, merged.from) {
            lists.dest[index] = merged.value.clone();
        }
        Ok(Some(merged.value))
    }
}

impl Lists {
    /// The patch first, then what only the destination has.
    fn in_order(&self) -> impl Iterator<Item = &Value> {
        self.patch.iter().flatten().chain(&self.dest)
    }

    fn patched(&self, index: Option<usize>) -> Option<&Value> {
        self.patch.as_ref()?.get(index?)
    }

    fn values(&self, keys: &[&str]) -> Vec<Values> {
        let value = |item: &Value, key: &&str| item.get(key).map(|value| text(value).into_owned());
        let values = self.in_order().map(|item| {
            let values = keys.iter().map(|key| value(item, key).unwrap_or_default());
            values.collect()
        });
        distinct(values)
    }

    fn scalars(&self) -> Vec<Values> {
        distinct(self.in_order().map(|item| vec![text(item).into_owned()]))
    }
}

fn distinct(values: impl Iterator<Item = Values>) -> Vec<Values> {
    let mut seen = BTreeSet::new();
    values
        .filter(|values| seen.insert(values.clone()))
        .collect()
}

/// Values that are alike in one key and differ in the others only where one has none become the same: two
/// ports of one number, one with a protocol and one without.
fn join_alike(all: &mut [Values]) {
    for i in 0..all.len() {
        for j in 0..all.len() {
            if let Some(joined) = alike(&all[i], &all[j]) {
                all[i] = joined.clone();
                all[j] = joined;
            }
        }
    }
}

fn alike(one: &Values, other: &Values) -> Option<Values> {
    let compatible = one
        .iter()
        .zip(other)
        .all(|(a, b)| a == b || a.is_empty() || b.is_empty());
    let common = one.iter().zip(other).any(|(a, b)| a == b);
    let join = |(a, b): (&String, &String)| if a.is_empty() { b.clone() } else { a.clone() };
    (compatible && common).then(|| one.iter().zip(other).map(join).collect())
}

/// The keys that any element has; all when none has any.
fn valid_keys<'k>(all: &[Values], keys: &[&'k str]) -> Vec<&'k str> {
    let has = |index: usize| all.iter().any(|values| !values[index].is_empty());
    let valid: Vec<&str> = (0..keys.len())
        .filter(|&index| has(index))
        .map(|index| keys[index])
        .collect();
    if valid.is_empty() {
        keys.to_vec()
    } else {
        valid
    }
}

fn valid_values(valid: &[&str], values: &Values, keys: &[&str]) -> Values {
    let kept = keys
        .iter()
        .zip(values)
        .filter(|(key, _)| valid.contains(key));
    kept.map(|(_, value)| value.clone()).collect()
}

/// The keys that this element has; all when it has none.
fn given<'k>(keys: &[&'k str], values: &[String]) -> (Vec<&'k str>, Values) {
    let given: (Vec<&str>, Values) = keys
        .iter()
        .zip(values)
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (*key, value.clone()))
        .unzip();
    match given.0.is_empty() {
        true => (keys.to_vec(), values.to_vec()),
        false => given,
    }
}

/// What is left of a patch's element for another one with the same keys: a directive is obeyed once.
fn spent(element: &Value) -> Value {
    let mut element = element.clone();
    if let Some(map) = element.as_object_mut() {
        map.remove(directive::KEY);
    }
    element
}

/// An element that was joined with one of more keys gets those.
fn set_keys(element: &mut Value, keys: &[&str], values: &[String]) {
    let Some(map) = element.as_object_mut() else {
        return;
    };
    for (key, value) in keys.iter().zip(values) {
        if !map.contains_key(key) && !value.is_empty() {
            map.insert((*key).to_owned(), scalar::resolve(value));
        }
    }
}

/// Puts each element in its place in `list`, or behind it.
fn append(list: &mut Vec<Value>, added: Vec<Value>, keys: &Keys<'_>) -> Result<(), String> {
    for element in added {
        if keys.are_of_scalars() {
            let value = text(&element).into_owned();
            elements::set(list, Some(&element), keys, &[value])?;
            continue;
        }
        let mut values = Vec::new();
        for key in keys.names {
            match field(&element, key)? {
                Some(value) => values.push(keys.text(&element, key, value).into_owned()),
                None => list.push(element.clone()),
            }
        }
        if keys.names.len() > 1 {
            elements::set(list, None, keys, &values)?;
        }
        elements::set(list, Some(&element), keys, &values)?;
    }
    Ok(())
}

fn field<'v>(element: &'v Value, key: &str) -> Result<Option<&'v Value>, String> {
    match element {
        Value::Object(map) => Ok(map.get(key)),
        Value::Null => Ok(None),
        other => Err(elements::wrong_kind("MappingNode", other)),
    }
}
