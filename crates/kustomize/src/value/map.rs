use smol_str::SmolStr;

use super::Value;

/// A mapping, sorted by the bytes of its keys. Mappings of manifests are small: a search among neighbours is
/// faster than a hash, and one piece of memory holds them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Map {
    entries: Vec<(SmolStr, Value)>,
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
        Some(&self.entries[index].1)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let index = self.find(key).ok()?;
        Some(&mut self.entries[index].1)
    }

    pub(crate) fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// Sets an entry. To set many, [`Extend`] is faster.
    pub(crate) fn insert(&mut self, key: impl Into<SmolStr>, value: Value) {
        let key = key.into();
        match self.find(&key) {
            Ok(index) => self.entries[index].1 = value,
            Err(index) => self.entries.insert(index, (key, value)),
        }
    }

    /// The value there, made null where it is missing.
    pub(crate) fn get_or_insert(&mut self, key: &str) -> &mut Value {
        let index = match self.find(key) {
            Ok(index) => index,
            Err(index) => {
                self.entries.insert(index, (key.into(), Value::Null));
                index
            }
        };
        &mut self.entries[index].1
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Value> {
        let index = self.find(key).ok()?;
        Some(self.entries.remove(index).1)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&SmolStr, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&SmolStr, &mut Value)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &SmolStr> {
        self.entries.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.entries.iter().map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|(have, _)| have.as_str().cmp(key))
    }
}

impl FromIterator<(SmolStr, Value)> for Map {
    /// Of two entries with one key the last one counts.
    fn from_iter<I: IntoIterator<Item = (SmolStr, Value)>>(entries: I) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        entries.dedup_by(|later, earlier| {
            let is_same = later.0 == earlier.0;
            if is_same {
                std::mem::swap(later, earlier);
            }
            is_same
        });
        Self { entries }
    }
}

impl Extend<(SmolStr, Value)> for Map {
    fn extend<I: IntoIterator<Item = (SmolStr, Value)>>(&mut self, added: I) {
        let entries = std::mem::take(&mut self.entries);
        *self = entries.into_iter().chain(added).collect();
    }
}

impl IntoIterator for Map {
    type Item = (SmolStr, Value);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'m> IntoIterator for &'m Map {
    type Item = &'m (SmolStr, Value);
    type IntoIter = std::slice::Iter<'m, (SmolStr, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
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
        map.extend([("a".into(), Value::Null)]);
        map.insert("aa", true.into());
        assert_eq!(map.remove("b"), Some("3".into()));
        assert_eq!(Vec::from_iter(map.keys()), ["a", "aa"]);
    }
}
