//! How nodes were written in the file, as far as strategic merge patches and replacements ask. Upstream keeps the
//! file's own nodes until the end; we keep values, and this beside them.

mod folded;
mod read;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::ops::Bound;

use smol_str::{SmolStr, format_smolstr};

use crate::emit;
use crate::object_value::point_in_time;
use crate::scalar::{gets_quotes, resolve, text};
use crate::value::Value;

/// Names of fields from the root, elements of lists by their field `name`. The path of a string has the string
/// behind it, which tells most elements without a name apart.
pub(crate) type Path = Vec<SmolStr>;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Written {
    /// Nulls that are written out, unlike those where nothing stands, and their texts.
    nulls: BTreeMap<Path, SmolStr>,
    /// Strings in quotes that would be strings without them too.
    quoted: BTreeSet<Path>,
    /// Strings in the folded style, which are among those in quotes too.
    folded: BTreeSet<Path>,
    /// Strings in quotes whose tag is another's: they are a patch's numbers and booleans, which these are.
    tagged: BTreeMap<Path, Value>,
    /// Strings without quotes that would be something else if they did not have a tag: those of a patch in
    /// the place of something that has no quotes.
    bare: BTreeSet<Path>,
    /// Mappings and lists in brackets.
    flow: BTreeSet<Path>,
    /// Scalars without a tag, which replacements have made: their text alone says what they are.
    made: BTreeMap<Path, Made>,
    /// Scalars of the file with another text than the one that their value has: `0644`, `1.10`.
    odd: BTreeMap<Path, Made>,
    /// Whether the object has been JSON since, where every null is written out and no quotes are left.
    is_json: bool,
    /// Whether a strategic merge patch was merged into the object, which gives quotes to strings such as `on`.
    is_merged: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Made {
    value: Value,
    text: SmolStr,
}

impl Written {
    /// Notes that upstream has made a field with this text.
    pub(crate) fn set_field(&mut self, path: Path, text: &str) {
        match gets_quotes(text) || text.contains('\n') {
            true => self.replaced_quoted(&path, text, text),
            false => self.replaced_bare(&path, text),
        }
    }

    /// Notes that a string has got another text, which has quotes where that had some.
    pub(crate) fn changed(&mut self, path: &[SmolStr], old: &str, new: &str) {
        match self.is_quoted(path, old) {
            true => self.replaced_quoted(path, old, new),
            false => self.replaced_bare(path, new),
        }
    }

    pub(crate) fn note_merge(&mut self) {
        self.is_merged = true;
    }

    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    pub(crate) fn is_merged(&self) -> bool {
        self.is_merged
    }

    /// What is known of the node at this path and those in it, apart from what was done to the whole object.
    pub(crate) fn within(&self, path: &[SmolStr]) -> Self {
        let within = |paths| below(paths, path).cloned().collect();
        let nulls = self.nulls.iter().filter(|(own, _)| own.starts_with(path));
        let made = self.made.iter().filter(|(own, _)| own.starts_with(path));
        Self {
            nulls: nulls
                .map(|(own, text)| (own.clone(), text.clone()))
                .collect(),
            quoted: within(&self.quoted),
            folded: within(&self.folded),
            tagged: BTreeMap::new(),
            bare: within(&self.bare),
            flow: within(&self.flow),
            made: made
                .map(|(own, made)| (own.clone(), made.clone()))
                .collect(),
            odd: odd_below(&self.odd, path).collect(),
            is_json: self.is_json,
            is_merged: false,
        }
    }

    /// Whether all is known of a scalar's style that matters: it has no quotes but those that it needs.
    pub(crate) fn is_surely_bare(&self, path: &[SmolStr], string: &str) -> bool {
        !self.is_json && !self.is_quoted(path, string)
    }

    pub(crate) fn has_nulls(&self) -> bool {
        self.is_json || !self.nulls.is_empty() || !self.made.is_empty()
    }

    /// Whether a null stays when the object is patched elsewhere.
    pub(crate) fn keeps_null(&self, path: &[SmolStr]) -> bool {
        self.is_json || self.nulls.contains_key(path) || self.made.contains_key(path)
    }

    /// What a null is written as; empty where nothing stands.
    pub(crate) fn null_text(&self, path: &[SmolStr]) -> &str {
        match self.nulls.get(path) {
            Some(text) => text,
            None if self.is_json && !self.made.contains_key(path) => "null",
            None => "",
        }
    }

    /// Whether the value has no tag, so that another text may make something else of it.
    pub(crate) fn is_made(&self, path: &[SmolStr], value: &Value) -> bool {
        self.made.get(path).is_some_and(|made| made.value == *value)
    }

    /// The text of a scalar, as upstream's node has it.
    pub(crate) fn text_of<'v>(&self, path: &[SmolStr], value: &'v Value) -> Cow<'v, str> {
        let of = |texts: &BTreeMap<Path, Made>| {
            let own = texts.get(path).filter(|own| own.value == *value);
            own.map(|own| own.text.clone())
        };
        match of(&self.made).or_else(|| of(&self.odd)) {
            Some(own) => Cow::Owned(own.into()),
            None => text(value),
        }
    }

    pub(crate) fn has_odd_texts(&self) -> bool {
        !self.odd.is_empty()
    }

    /// Whether a string is a point in time, written without quotes.
    pub(crate) fn is_time(&self, path: &[SmolStr], value: &Value) -> bool {
        let own = self.odd.get(path).filter(|own| own.value == *value);
        own.is_some_and(|own| !is_annotation(path) && point_in_time(&own.text).is_some())
    }

    /// Notes the text of a patch's scalar that is at this path now.
    pub(crate) fn adopt_text(&mut self, path: &[SmolStr], other: &Self) {
        if let Some(odd) = other.odd.get(path) {
            self.odd.insert(path.to_vec(), odd.clone());
        }
    }

    /// What a scalar without a tag is by its text. An empty one gets quotes when brackets are around it. Annotations
    /// are strings in the end, with the text that they got.
    pub(crate) fn make(&mut self, path: Path, string: &str) -> Value {
        let value = match string.is_empty() && self.is_in_flow(&path) {
            _ if is_annotation(&path) => string.into(),
            true => "".into(),
            false => point_in_time(string).map_or_else(|| resolve(string), Value::from),
        };
        if let Value::String(string) = &value {
            self.replaced_bare(&path, string);
        }
        let made = Made {
            value: value.clone(),
            text: string.into(),
        };
        self.made.insert(path, made);
        value
    }

    /// What an object is once it has been JSON: annotations without quotes have the text of their value then.
    pub(crate) fn through_json(&self, object: &mut Value) {
        self.fold(object);
        let bare = self.made.iter().chain(&self.odd);
        for (path, made) in bare.filter(|(path, _)| is_annotation(path)) {
            let annotation = path
                .iter()
                .try_fold(&mut *object, |node, name| node.get_mut(name));
            if let Some(annotation) = annotation.filter(|annotation| **annotation == made.value) {
                *annotation = match point_in_time(&made.text) {
                    Some(time) => time.into(),
                    None if made.text.is_empty() && self.is_in_flow(path) => "".into(),
                    None => resolve(&made.text),
                };
            }
        }
    }

    /// Notes that upstream has set the annotations of the object anew, which makes plain strings of them.
    pub(crate) fn set_annotations_anew(&mut self, object: &Value) {
        self.nulls.retain(|path, _| !is_annotation(path));
        self.made.retain(|path, _| !is_annotation(path));
        self.odd.retain(|path, _| !is_annotation(path));
        for places in [&mut self.quoted, &mut self.folded, &mut self.bare] {
            places.retain(|place| !is_below_annotation(place));
        }
        self.set_fields(object, &["metadata", "annotations"]);
    }

    /// Notes that upstream has made all fields of the mapping at this path.
    fn set_fields(&mut self, object: &Value, path: &[&str]) {
        let node = path.iter().try_fold(object, |node, name| node.get(name));
        let path: Path = path.iter().map(|name| (*name).into()).collect();
        let entries = node.and_then(Value::as_object).into_iter().flatten();
        for (key, text) in entries.filter_map(|(key, value)| Some((key, value.as_str()?))) {
            self.set_field(with(&path, key), text);
        }
    }

    /// Notes that upstream has set a scalar anew: it has no tag then, and the quotes that it had.
    pub(crate) fn set_anew(&mut self, path: Path, old: &str, new: &Value) {
        if !self.is_quoted(&path, old) {
            let made = Made {
                value: new.clone(),
                text: text(new).into(),
            };
            self.made.insert(path, made);
        }
    }

    /// Whether anything was made that is no string.
    pub(crate) fn has_unsettled(&self) -> bool {
        self.made.values().any(|made| !made.value.is_string())
    }

    /// Whether there is anything that a merge changes or drops although the patch does not name it.
    pub(crate) fn has_loose(&self) -> bool {
        self.has_unsettled() || self.odd.values().any(|odd| odd.text.is_empty())
    }

    /// Whether nothing is written where the empty text at this path comes from.
    pub(crate) fn is_nothing(&self, path: &[SmolStr]) -> bool {
        self.odd.get(path).is_some_and(|odd| odd.text.is_empty())
    }

    /// Whether anything was made that is another string than its text, or none.
    pub(crate) fn has_untold(&self) -> bool {
        self.made.values().any(|made| made.value != *made.text)
    }

    /// What a scalar is once upstream has set it anew: one that was made has quotes then, unless it is empty.
    pub(crate) fn settled(&mut self, path: &[SmolStr], value: Value) -> Value {
        match self.made.get(path) {
            Some(made) if made.value == value && !value.is_string() && !made.text.is_empty() => {
                let text = made.text.clone();
                self.made.remove(path);
                self.quoted.insert(with(path, &text));
                text.into()
            }
            _ => value,
        }
    }

    /// What a scalar is once upstream has set it as a string: one without a tag counts as one.
    pub(crate) fn as_string(&mut self, path: &[SmolStr], value: &Value) -> Option<Value> {
        let made = self
            .is_made(path, value)
            .then(|| self.made.remove(path))
            .flatten();
        made.map(|made| made.text.into())
    }

    /// Notes that the field at this path has another text: the name of an element is part of the paths to what is in
    /// it.
    pub(crate) fn set_to(&mut self, path: &[SmolStr], text: &str) {
        let Some((field, around @ [.., old])) = path.split_last() else {
            return;
        };
        let new = element(text);
        if field != "name" || *old == new || !old.starts_with('[') || old == "[]" {
            return;
        }
        let moved = |mut path: Path| {
            if path.starts_with(around) {
                path[around.len() - 1] = new.clone();
            }
            path
        };
        rekey(&mut self.nulls, moved);
        rekey(&mut self.made, moved);
        rekey(&mut self.odd, moved);
        rekey(&mut self.tagged, moved);
        let sets = [
            &mut self.quoted,
            &mut self.folded,
            &mut self.bare,
            &mut self.flow,
        ];
        for paths in sets {
            *paths = mem::take(paths).into_iter().map(moved).collect();
        }
    }

    /// Notes that there is nothing at this path any more.
    pub(crate) fn forget(&mut self, path: &[SmolStr]) {
        self.flow.retain(|own| !own.starts_with(path));
    }

    /// Whether brackets are around what is at this path.
    pub(crate) fn is_in_flow(&self, path: &[SmolStr]) -> bool {
        let mut around = (0..path.len()).filter_map(|end| path.get(..end));
        !self.flow.is_empty() && around.any(|path| self.flow.contains(path))
    }

    /// Whether brackets are around what is in the node at this path.
    pub(crate) fn is_flow_inside(&self, path: &[SmolStr]) -> bool {
        self.flow.contains(path) || self.is_in_flow(path)
    }

    /// Gives quotes to nulls where nothing stands, as upstream writes them within brackets.
    pub(crate) fn quote_nothing(&self, value: &mut Value, path: &mut Path) {
        match value {
            Value::Null if !self.nulls.contains_key(path.as_slice()) => *value = "".into(),
            Value::Array(items) => {
                for item in items {
                    path.push(element_of(item));
                    self.quote_nothing(item, path);
                    path.pop();
                }
            }
            Value::Object(map) => {
                for (name, value) in map.iter_mut() {
                    path.push(name.clone());
                    self.quote_nothing(value, path);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    /// Notes that the node at this path is another's now. In the place of a node that was there it looks like that
    /// one, unlike what is in it.
    pub(crate) fn adopt(&mut self, path: &[SmolStr], other: &Self, was_there: bool) {
        self.adopt_quotes(path, other, was_there);
        self.odd.extend(odd_below(&other.odd, path));
        if self.flow.is_empty() && other.flow.is_empty() {
            return;
        }
        let was_in_flow = self.flow.contains(path);
        self.forget(path);
        self.flow.extend(below(&other.flow, path).cloned());
        match was_in_flow {
            _ if !was_there => {}
            true => {
                self.flow.insert(path.to_vec());
            }
            false => {
                self.flow.remove(path);
            }
        }
    }

    fn adopt_quotes(&mut self, path: &[SmolStr], other: &Self, was_there: bool) {
        let is_itself = |place: &Path| place.len() == path.len() + 1;
        for place in below(&other.quoted, path) {
            match place.last() {
                Some(text) if was_there && is_itself(place) => self.replaced_bare(path, text),
                _ => {
                    self.quoted.insert(place.clone());
                }
            }
        }
        let folded = below(&other.folded, path).filter(|place| !was_there || !is_itself(place));
        self.folded.extend(folded.cloned());
    }

    /// Notes that the empty mapping or list at this path looks like another's now.
    pub(crate) fn restyle(&mut self, path: &[SmolStr], other: &Self) {
        match other.flow.get(path) {
            Some(path) => self.flow.insert(path.clone()),
            None => self.flow.remove(path),
        };
    }

    /// Whether a string has quotes, which stay when a patch brings a value without them.
    pub(crate) fn is_quoted(&self, path: &[SmolStr], string: &str) -> bool {
        if self.bare.contains(&with(path, string)) {
            return false;
        }
        resolve(string) != string
            || self.quoted.contains(&with(path, string))
            || self.is_json && !emit::is_bare(string)
    }

    /// Notes that a string has taken the place of one in quotes.
    pub(crate) fn replaced_quoted(&mut self, path: &[SmolStr], old: &str, string: &str) {
        let place = with(path, string);
        if self.folded.remove(&with(path, old)) {
            self.folded.insert(place.clone());
        }
        if let Some(tag) = self.tagged.remove(&with(path, old)) {
            self.tagged.insert(place.clone(), tag);
        }
        self.bare.remove(&place);
        self.quoted.insert(place);
    }

    /// Notes that this text in quotes has the tag of a patch's value.
    pub(crate) fn keep_tag(&mut self, path: &[SmolStr], text: &str, tag: &Value) {
        let place = with(path, text);
        match tag.is_string() {
            true => self.tagged.remove(&place),
            false => self.tagged.insert(place, tag.clone()),
        };
    }

    /// The value whose tag a string has, where that is no string.
    pub(crate) fn tag_of(&self, path: &[SmolStr], string: &str) -> Option<&Value> {
        match self.tagged.is_empty() {
            true => None,
            false => self.tagged.get(&with(path, string)),
        }
    }

    /// The places of scalars without a tag that are in the object still.
    pub(crate) fn all_made(&self, object: &Value) -> Vec<Path> {
        let made = self.made.iter();
        let there = made.filter(|(path, made)| at(object, path) == Some(&made.value));
        there.map(|(path, _)| path.clone()).collect()
    }

    /// Notes that upstream has set those of these anew that have another value now.
    pub(crate) fn made_anew(&mut self, places: Vec<Path>, object: &Value) {
        for path in places {
            let value = at(object, &path);
            if let Some(value) = value.filter(|value| !self.is_made(&path, value)) {
                let made = Made {
                    value: value.clone(),
                    text: text(value).into(),
                };
                self.made.insert(path, made);
            }
        }
    }

    /// Notes that a patch's string has taken the place of a scalar without quotes.
    pub(crate) fn replaced_bare(&mut self, path: &[SmolStr], string: &str) {
        if resolve(string) != string {
            self.bare.insert(with(path, string));
        }
    }
}

/// The name of an element of a list in a path.
pub(crate) fn element(name: &str) -> SmolStr {
    format_smolstr!("[{name}]")
}

/// The name of this element.
pub(crate) fn element_of(item: &Value) -> SmolStr {
    element(&item.get("name").map(text).unwrap_or_default())
}

/// The first node at this path.
fn at<'v>(object: &'v Value, path: &[SmolStr]) -> Option<&'v Value> {
    let mut names = path.iter();
    names.try_fold(object, |node, name| match node {
        Value::Array(items) => items.iter().find(|item| element_of(item) == *name),
        other => other.get(name),
    })
}

fn is_below_annotation(path: &[SmolStr]) -> bool {
    path.split_last()
        .is_some_and(|(_, path)| is_annotation(path))
}

fn is_annotation(path: &[SmolStr]) -> bool {
    matches!(path, [metadata, annotations, _] if metadata == "metadata" && annotations == "annotations")
}

fn rekey<T>(texts: &mut BTreeMap<Path, T>, moved: impl Fn(Path) -> Path) {
    let all = mem::take(texts).into_iter();
    *texts = all.map(|(path, text)| (moved(path), text)).collect();
}

fn odd_below(texts: &BTreeMap<Path, Made>, path: &[SmolStr]) -> impl Iterator<Item = (Path, Made)> {
    let below = texts.iter().filter(move |(own, _)| own.starts_with(path));
    below.map(|(own, odd)| (own.clone(), odd.clone()))
}

fn below<'s>(paths: &'s BTreeSet<Path>, path: &[SmolStr]) -> impl Iterator<Item = &'s Path> {
    let from = (Bound::Included(path), Bound::Unbounded);
    let paths = paths.range::<[SmolStr], _>(from);
    paths.take_while(move |own| own.starts_with(path))
}

fn with(path: &[SmolStr], string: &str) -> Path {
    let mut path = path.to_vec();
    path.push(string.into());
    path
}
