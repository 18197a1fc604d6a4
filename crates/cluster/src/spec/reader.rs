use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use towpath_model::{Diagnostic, Diagnostics, Location};
use towpath_yaml::nearest;

use super::Spec;
use crate::object::{Object, pointer_step};

/// Reads a whole object: `apiVersion`, `kind` and `metadata` here, the rest in `read`.
pub(super) fn read(
    object: &Object,
    read: impl FnOnce(&Fields) -> Spec,
) -> Result<(Spec, Vec<Diagnostic>), Diagnostics> {
    read_any(object, |fields| {
        fields.value("apiVersion");
        fields.value("kind");
        metadata(fields);
        fields.ignored(
            &["status"],
            "a status is what the cluster reports, not what it is asked for",
        );
        read(fields)
    })
}

pub(super) fn read_any<T>(
    object: &Object,
    read: impl FnOnce(&Fields) -> T,
) -> Result<(T, Vec<Diagnostic>), Diagnostics> {
    let reading = Reading {
        object,
        errors: RefCell::default(),
        notes: RefCell::default(),
    };
    let fields = Fields::new(&reading, String::new(), &object.value);
    let value = read(&fields);
    fields.finish();
    let errors = reading.errors.into_inner();
    if errors.is_empty() {
        Ok((value, reading.notes.into_inner()))
    } else {
        Err(Diagnostics(errors))
    }
}

/// What goes wrong while one object is read.
pub(super) struct Reading<'a> {
    object: &'a Object,
    errors: RefCell<Vec<Diagnostic>>,
    notes: RefCell<Vec<Diagnostic>>,
}

/// One mapping of the object. Every key is asked for once; what nobody asked for is an error at
/// [`Fields::finish`].
pub(super) struct Fields<'a> {
    reading: &'a Reading<'a>,
    pointer: String,
    map: Option<&'a Map<String, Value>>,
    known: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Fields<'a> {
    fn new(reading: &'a Reading<'a>, pointer: String, value: &'a Value) -> Self {
        let fields = Self {
            reading,
            map: value.as_object(),
            pointer,
            known: RefCell::default(),
        };
        if fields.map.is_none() {
            fields.push(
                fields.here(),
                format!("expected a mapping, found {}", kind_of(value)),
                None,
            );
        }
        fields
    }

    /// The value at this key; `null` counts as absent, as in Kubernetes.
    pub(super) fn value(&self, key: &'static str) -> Option<&'a Value> {
        self.known.borrow_mut().insert(key);
        self.map?.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    pub(super) fn string(&self, key: &'static str) -> Option<String> {
        let value = self.value(key)?;
        match value.as_str() {
            Some(text) => Some(text.to_owned()),
            None => self.wrong(key, "a string", value),
        }
    }

    pub(super) fn required_string(&self, key: &'static str) -> String {
        match self.string(key).filter(|text| !text.is_empty()) {
            Some(text) => text,
            None => {
                self.missing(key);
                String::new()
            }
        }
    }

    pub(super) fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        match value.as_bool() {
            Some(flag) => Some(flag),
            None => self.wrong(key, "true or false", value),
        }
    }

    pub(super) fn integer(&self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(key)?;
        match value.as_i64() {
            Some(number) if range.contains(&number) => Some(number),
            _ => {
                let expected = format!("a whole number from {} to {}", range.start(), range.end());
                self.wrong(key, &expected, value)
            }
        }
    }

    pub(super) fn u32(&self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let range = i64::from(*range.start())..=i64::from(*range.end());
        self.integer(key, range)
            .and_then(|number| u32::try_from(number).ok())
    }

    pub(super) fn port(&self, key: &'static str) -> Option<u16> {
        self.u32(key, 1..=65535)
            .and_then(|number| u16::try_from(number).ok())
    }

    pub(super) fn strings(&self, key: &'static str) -> Vec<String> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let texts: Option<Vec<String>> = value.as_array().and_then(|items| {
            items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect()
        });
        match texts {
            Some(texts) => texts,
            None => self
                .wrong(key, "a list of strings", value)
                .unwrap_or_default(),
        }
    }

    pub(super) fn string_map(&self, key: &'static str) -> BTreeMap<String, String> {
        let Some(value) = self.value(key) else {
            return BTreeMap::new();
        };
        let Some(map) = value.as_object() else {
            return self
                .wrong(key, "a mapping of strings", value)
                .unwrap_or_default();
        };
        let mut texts = BTreeMap::new();
        for (name, value) in map {
            match value {
                Value::String(text) => drop(texts.insert(name.clone(), text.clone())),
                Value::Null => drop(texts.insert(name.clone(), String::new())),
                other => {
                    let place = self.at(&format!("{key}/{}", pointer_step(name)));
                    let message =
                        format!("expected a string at `{name}`, found {}", type_of(other));
                    self.push(place, message, Some("put it in quotes".to_owned()));
                }
            }
        }
        texts
    }

    pub(super) fn mapping(&self, key: &'static str) -> Option<Fields<'a>> {
        let value = self.value(key)?;
        Some(Fields::new(
            self.reading,
            format!("{}/{key}", self.pointer),
            value,
        ))
    }

    pub(super) fn required_mapping(&self, key: &'static str) -> Option<Fields<'a>> {
        let fields = self.mapping(key);
        if fields.is_none() {
            self.missing(key);
        }
        fields
    }

    /// The mappings of a list.
    pub(super) fn items(&self, key: &'static str) -> Vec<Fields<'a>> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            return self.wrong(key, "a list", value).unwrap_or_default();
        };
        let pointer = |index| format!("{}/{key}/{index}", self.pointer);
        (0..)
            .zip(items)
            .map(|(index, item): (usize, _)| Fields::new(self.reading, pointer(index), item))
            .collect()
    }

    /// Keys that Kubernetes knows and that would change what happens: refused while we cannot honour them.
    pub(super) fn unsupported(&self, keys: &[&'static str], instead: &str) {
        for key in keys {
            if self.has(key) {
                let message = format!("`{key}` is not supported on the local cluster yet");
                self.push(self.at(key), message, Some(instead.to_owned()));
            }
        }
    }

    /// Keys that Kubernetes knows and that have nothing to do here: reported.
    pub(super) fn ignored(&self, keys: &[&'static str], why: &str) {
        for key in keys {
            if self.has(key) {
                self.note(key, format!("`{key}` has no effect here: {why}"));
            }
        }
    }

    /// Records what is to be known about `key`, though it is no error.
    pub(super) fn note(&self, key: &str, message: impl Display) {
        let note = Diagnostic::new(self.at(key), message.to_string());
        self.reading.notes.borrow_mut().push(note);
    }

    pub(super) fn missing(&self, key: &str) {
        self.push(self.here(), format!("`{key}` is missing"), None);
    }

    /// Records an error at `key`.
    pub(super) fn error(&self, key: &str, message: impl Display) {
        self.push(self.at(key), message.to_string(), None);
    }

    /// Records an error at `key`, and what to do about it.
    pub(super) fn error_with(&self, key: &str, message: impl Display, help: &str) {
        self.push(self.at(key), message.to_string(), Some(help.to_owned()));
    }

    pub(super) fn wrong<T>(&self, key: &str, expected: &str, found: &Value) -> Option<T> {
        self.error(
            key,
            format!("`{key}`: expected {expected}, found {}", kind_of(found)),
        );
        None
    }

    /// Reports every key that was not asked for.
    pub(super) fn finish(self) {
        let known = self.known.borrow();
        for key in self.map.into_iter().flat_map(Map::keys) {
            if !known.contains(key.as_str()) {
                let help = nearest(key, known.iter().copied())
                    .map(|near| format!("did you mean `{near}`?"));
                self.push(
                    self.at(&pointer_step(key)),
                    format!("unknown key `{key}`"),
                    help,
                );
            }
        }
    }

    fn here(&self) -> Location {
        self.reading.object.locate(&self.pointer)
    }

    fn at(&self, key: &str) -> Location {
        self.reading
            .object
            .locate(&format!("{}/{key}", self.pointer))
    }

    fn push(&self, location: Location, message: String, help: Option<String>) {
        let mut diagnostic = Diagnostic::new(location, message);
        diagnostic.help = help;
        self.reading.errors.borrow_mut().push(diagnostic);
    }
}

fn metadata(fields: &Fields) {
    if let Some(metadata) = fields.mapping("metadata") {
        metadata.value("name");
        metadata.value("namespace");
        metadata.string_map("labels");
        metadata.string_map("annotations");
        metadata.ignored(
            &[
                "creationTimestamp",
                "finalizers",
                "generation",
                "managedFields",
                "ownerReferences",
                "resourceVersion",
                "selfLink",
                "uid",
            ],
            "it is the cluster's to set",
        );
        metadata.unsupported(&["generateName"], "name the object in metadata.name");
        metadata.finish();
    }
}

fn kind_of(value: &Value) -> String {
    match value {
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => format!("{:?}", text.chars().take(60).collect::<String>()),
        other => type_of(other).to_owned(),
    }
}

/// Like [`kind_of`], without the value, which may be a secret.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
