use towpath_model::{Diagnostic, Diagnostics};

use crate::{Entry, Kind, Node, nearest};

/// Turns a tree into a type and collects everything that is wrong with it on the way.
///
/// ```
/// use towpath_yaml::{Reader, parse};
/// let documents = parse("f.yml", "name: a\nnmae: b\n").unwrap();
/// let mut reader = Reader::new("f.yml");
/// let mut fields = reader.fields(&documents[0].root, "the file");
/// let name = fields.take("name").and_then(|node| reader.string(node, "name"));
/// reader.finish(fields);
/// assert_eq!(name, Some("a"));
/// assert_eq!(
///     reader.into_result(()).unwrap_err().to_string(),
///     "f.yml:2:1: unknown key `nmae` in the file; did you mean `name`?"
/// );
/// ```
#[derive(Debug)]
pub struct Reader {
    file: String,
    problems: Vec<Diagnostic>,
    /// Keys that nobody took. None where they are problems.
    unknown: Option<Vec<Diagnostic>>,
}

/// The keys of one mapping: each is taken or is a problem in [`Reader::finish`].
#[derive(Debug)]
pub struct Fields<'n> {
    what: String,
    untaken: Vec<&'n Entry>,
    known: Vec<&'static str>,
    any_case: bool,
}

impl<'n> Fields<'n> {
    /// The value under `key`, none when the key is missing or its value is null.
    pub fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.take_entry(key)
            .map(|entry| &entry.value)
            .filter(|value| !value.is_null())
    }

    /// Key and value, also when the value is null.
    pub fn take_entry(&mut self, key: &'static str) -> Option<&'n Entry> {
        self.known.push(key);
        let exact = self.untaken.iter().position(|entry| entry.name() == key);
        let index = exact.or_else(|| self.position_in_any_case(key))?;
        Some(self.untaken.remove(index))
    }

    fn position_in_any_case(&self, key: &str) -> Option<usize> {
        let is_it = |entry: &&Entry| entry.name().eq_ignore_ascii_case(key);
        self.untaken
            .iter()
            .position(is_it)
            .filter(|_| self.any_case)
    }

    /// All keys not taken so far, for mappings whose keys are names.
    pub fn take_rest(&mut self) -> Vec<&'n Entry> {
        std::mem::take(&mut self.untaken)
    }
}

impl Reader {
    /// `file` names the file in diagnostics.
    pub fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            problems: Vec::new(),
            unknown: None,
        }
    }

    /// For a file whose own program passes over keys that it does not know: they are no problems here either,
    /// and [`Self::take_unknown`] tells of them.
    ///
    /// ```
    /// use towpath_yaml::{Reader, parse};
    /// let documents = parse("f.yml", "nmae: b\n").unwrap();
    /// let mut reader = Reader::tolerant("f.yml");
    /// let mut fields = reader.fields(&documents[0].root, "the file");
    /// assert!(fields.take("name").is_none());
    /// reader.finish(fields);
    /// assert!(reader.take_unknown()[0].to_string().starts_with("f.yml:1:1: unknown key `nmae`"));
    /// assert!(reader.into_result(()).is_ok());
    /// ```
    pub fn tolerant(file: &str) -> Self {
        Self {
            unknown: Some(Vec::new()),
            ..Self::new(file)
        }
    }

    /// The keys that nobody took so far, of a tolerant reader.
    pub fn take_unknown(&mut self) -> Vec<Diagnostic> {
        self.unknown
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The keys of a mapping. `what` names the mapping in messages: "the buildspec", "`phases.build`".
    pub fn fields<'n>(&mut self, node: &'n Node, what: &str) -> Fields<'n> {
        if !matches!(node.kind(), Kind::Mapping(_)) {
            self.wrong_kind(node, what, "a mapping");
        }
        Fields {
            what: what.to_owned(),
            untaken: node.entries().iter().collect(),
            known: Vec::new(),
            any_case: false,
        }
    }

    /// The same, for formats that Go's `encoding/json` reads: it takes `nameprefix` for `namePrefix`.
    pub fn fields_of_any_case<'n>(&mut self, node: &'n Node, what: &str) -> Fields<'n> {
        Fields {
            any_case: true,
            ..self.fields(node, what)
        }
    }

    /// Reports keys that exist in the format and that we cannot do yet.
    pub fn unsupported(&mut self, fields: &mut Fields<'_>, keys: &[&'static str]) {
        for key in keys {
            if let Some(entry) = fields.take_entry(key) {
                let message = format!("key `{key}` in {} is not supported yet", fields.what);
                self.problem(&entry.key, message);
            }
        }
    }

    /// Reports every key that was not taken, with the nearest known one.
    pub fn finish(&mut self, fields: Fields<'_>) {
        for entry in &fields.untaken {
            let name: String = entry.name().chars().take(80).collect();
            let message = format!("unknown key `{name}` in {}", fields.what);
            let mut diagnostic = Diagnostic::new(entry.key.location(&self.file), message);
            diagnostic.help = nearest(entry.name(), fields.known.iter().copied())
                .map(|known| format!("did you mean `{known}`?"));
            self.unknown
                .as_mut()
                .unwrap_or(&mut self.problems)
                .push(diagnostic);
        }
    }

    /// A string. A number or boolean is a problem: it would lose its spelling somewhere.
    pub fn string<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        if node.as_str().is_none() {
            self.wrong_kind(node, what, "a string");
        }
        node.as_str()
    }

    /// A string, number or boolean, as it is written.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match node.kind() {
            Kind::Null | Kind::Sequence(_) | Kind::Mapping(_) => {
                self.wrong_kind(node, what, "a string");
                None
            }
            _ => node.text(),
        }
    }

    /// A boolean; what is quoted is none.
    pub fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match node.kind() {
            Kind::Bool(value) => Some(value),
            _ => {
                self.wrong_kind(node, what, "true or false");
                None
            }
        }
    }

    /// The items of a list.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        if !matches!(node.kind(), Kind::Sequence(_)) {
            self.wrong_kind(node, what, "a list");
        }
        node.items()
    }

    /// The items of a list, or the one thing that stands in its place.
    pub fn one_or_more<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match node.kind() {
            Kind::Sequence(items) => items,
            _ => std::slice::from_ref(node),
        }
    }

    /// Reports that `node` is not what `what` has to be.
    pub fn wrong_kind(&mut self, node: &Node, what: &str, expected: &str) {
        let found = node.kind().describe();
        self.problem(node, format!("{what}: expected {expected}, found {found}"));
    }

    /// Reports a problem at `node`.
    pub fn problem(&mut self, node: &Node, message: impl Into<String>) {
        self.report(Diagnostic::new(node.location(&self.file), message));
    }

    /// Reports what was found elsewhere.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.problems.push(diagnostic);
    }

    /// `value` when nothing was reported.
    ///
    /// # Errors
    /// All problems, in the order of the file.
    pub fn into_result<T>(mut self, value: T) -> Result<T, Diagnostics> {
        if self.problems.is_empty() {
            return Ok(value);
        }
        self.problems.sort_by(|a, b| a.location.cmp(&b.location));
        Err(Diagnostics(self.problems))
    }
}
