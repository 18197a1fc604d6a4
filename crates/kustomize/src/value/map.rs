use smol_str::SmolStr;

use super::{Comments, Style, Value};

/// A mapping, sorted by the bytes of its keys. Mappings of manifests are small: a search among neighbours is
/// faster than a hash, and one piece of memory holds them. Each entry knows its place among the others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Map {
    entries: Vec<Entry>,
    /// The place of the next new entry.
    next: u32,
    pub(crate) style: Style,
    /// Whether these are annotations that hold upstream's notes of their object, see
    /// [`Notes`](crate::notes::Notes).
    pub(crate) holds_notes: bool,
    pub(crate) comments: Comments,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: SmolStr,
    pub(crate) style: Style,
    /// Whether its text alone says what it is: so it is with entries that were made.
    pub(crate) is_untagged: bool,
    pub(crate) comments: Comments,
    order: u32,
}

impl Key {
    /// Of an entry that was made.
    pub(crate) fn untagged(name: impl Into<SmolStr>, style: Style) -> Self {
        Self {
            name: name.into(),
            style,
            is_untagged: true,
            comments: Comments::none(),
            order: 0,
        }
    }

    /// A string in a file.
    pub(crate) fn string(name: impl Into<SmolStr>, style: Style) -> Self {
        Self {
            is_untagged: false,
            ..Self::untagged(name, style)
        }
    }
}

impl Map {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        let index = self.find(key).ok()?;
        Some(&self.entries[index].value)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let index = self.find(key).ok()?;
        Some(&mut self.entries[index].value)
    }

    pub(crate) fn entry_mut(&mut self, key: &str) -> Option<&mut Entry> {
        let index = self.find(key).ok()?;
        self.entries.get_mut(index)
    }

    pub(crate) fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// Sets a value whatever was there. A new entry comes last. To set many, [`Extend`] is faster.
    pub(crate) fn insert(&mut self, key: impl Into<SmolStr>, value: Value) {
        let key = Key::untagged(key, Style::PLAIN);
        self.insert_with(key, value);
    }

    /// The same with the style of the key, should the entry be new.
    pub(crate) fn insert_with(&mut self, key: Key, value: Value) {
        match self.find(&key.name) {
            Ok(index) => self.entries[index].value = value,
            Err(index) => {
                let key = self.last(key);
                self.entries.insert(index, Entry { key, value });
            }
        }
    }

    /// The value there, made null where it is missing.
    pub(crate) fn get_or_insert(&mut self, key: &str) -> &mut Value {
        let index = match self.find(key) {
            Ok(index) => index,
            Err(index) => {
                let key = self.last(Key::untagged(key, Style::PLAIN));
                let value = Value::default();
                self.entries.insert(index, Entry { key, value });
                index
            }
        };
        &mut self.entries[index].value
    }

    /// The mapping there, made where there is nothing or a null.
    pub(crate) fn get_or_make(&mut self, key: &str) -> &mut Value {
        let value = self.get_or_insert(key);
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        value
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Value> {
        let index = self.find(key).ok()?;
        Some(self.entries.remove(index).value)
    }

    /// Sorted by their keys.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&SmolStr, &Value)> {
        let entries = self.entries.iter();
        entries.map(|entry| (&entry.key.name, &entry.value))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&SmolStr, &mut Value)> {
        let entries = self.entries.iter_mut();
        entries.map(|entry| (&entry.key.name, &mut entry.value))
    }

    /// Keeps the entries for which `keeps` says so.
    ///
    /// # Errors
    /// The first one of `keeps`; the rest stays as it is then.
    pub(crate) fn try_retain<E>(
        &mut self,
        mut keeps: impl FnMut(&SmolStr, &mut Value) -> Result<bool, E>,
    ) -> Result<(), E> {
        let mut done = Ok(());
        self.entries.retain_mut(|entry| {
            if done.is_err() {
                return true;
            }
            let kept = keeps(&entry.key.name, &mut entry.value);
            kept.unwrap_or_else(|problem| {
                done = Err(problem);
                true
            })
        });
        done
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// In the order of the file, what was added last.
    pub(crate) fn in_order(&self) -> Vec<&Entry> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|entry| entry.key.order);
        entries
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &SmolStr> {
        self.entries.iter().map(|entry| &entry.key.name)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.entries.iter().map(|entry| &entry.value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.entries.iter_mut().map(|entry| &mut entry.value)
    }

    /// Entries in their order. Of two with one key the last one counts.
    pub(crate) fn from_entries(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut map = Self::new();
        map.add(entries);
        map
    }

    fn add(&mut self, added: impl IntoIterator<Item = Entry>) {
        for mut entry in added {
            entry.key = self.last(entry.key);
            self.entries.push(entry);
        }
        self.entries.sort_by(|a, b| a.key.name.cmp(&b.key.name));
        self.entries.dedup_by(|later, earlier| {
            let is_same = later.key.name == earlier.key.name;
            if is_same {
                std::mem::swap(&mut later.value, &mut earlier.value);
            }
            is_same
        });
    }

    fn last(&mut self, key: Key) -> Key {
        let order = self.next;
        self.next += 1;
        Key { order, ..key }
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|entry| entry.key.name.as_str().cmp(key))
    }
}

impl PartialEq for Map {
    /// Order and keys' styles apart.
    fn eq(&self, other: &Self) -> bool {
        self.style == other.style && self.iter().eq(other.iter())
    }
}

impl FromIterator<(SmolStr, Value)> for Map {
    /// In their order. Of two entries with one key the last one counts.
    fn from_iter<I: IntoIterator<Item = (SmolStr, Value)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl Extend<(SmolStr, Value)> for Map {
    fn extend<I: IntoIterator<Item = (SmolStr, Value)>>(&mut self, added: I) {
        self.add(added.into_iter().map(|(name, value)| Entry {
            key: Key::untagged(name, Style::PLAIN),
            value,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_two_entries_counts_and_keys_are_sorted() {
        let entries = [("b", "1"), ("a", "2"), ("b", "3")];
        let mut map: Map = entries
            .into_iter()
            .map(|(key, text)| (key.into(), text.into()))
            .collect();
        assert_eq!(Vec::from_iter(map.keys()), ["a", "b"]);
        assert_eq!(map.get("b"), Some(&Value::from("3")));
        map.extend([("a".into(), Value::default())]);
        map.insert("aa", "x".into());
        let order = map.in_order().into_iter().map(|entry| &entry.key.name);
        assert_eq!(Vec::from_iter(order), ["b", "a", "aa"]);
        assert_eq!(map.remove("b"), Some("3".into()));
        assert_eq!(Vec::from_iter(map.keys()), ["a", "aa"]);
    }
}
