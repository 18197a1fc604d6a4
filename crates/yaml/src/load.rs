mod cost;
mod event;
mod go_yaml;
mod granit;

use std::collections::{HashMap, hash_map};

use towpath_model::Diagnostic;

use crate::limits::{MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_SCALAR_BYTES};
use crate::node::Content;
use crate::plain_block;
use crate::resolve::{NotFinite, PlainKind, Resolution, resolve};
use crate::{Comment, Document, Entry, Node, Position, Span, Style};
use cost::{Cost, cost_of};
use event::{Anchor, Event, Source, Spanned};

/// Reads all documents of a file as YAML 1.2, with Kubernetes' resolution. `file` only names it in diagnostics.
///
/// ```
/// let documents = towpath_yaml::parse("all.yml", "replicas: 2\n---\nenabled: on\n").unwrap();
/// assert_eq!(documents[1].root.to_json(), serde_json::json!({"enabled": true}));
/// let wrong = towpath_yaml::parse("all.yml", "a: 1\na: 2\n").unwrap_err();
/// assert_eq!(wrong.to_string(), "all.yml:2:1: key `a` appears twice in this mapping");
/// ```
///
/// # Errors
/// As [`parse_with`], but for what only go-yaml refuses.
pub fn parse(file: &str, text: &str) -> Result<Vec<Document>, Diagnostic> {
    parse_1_2(file, text, Resolution::default())
}

/// Reads all documents of a file as go-yaml does, which is YAML 1.1 with exceptions: U+0085, U+2028 and U+2029 end a
/// line, `?` in brackets is no part of a scalar, what it refuses is refused. Both versions have the same tokens.
///
/// ```
/// use towpath_yaml::{Resolution, parse_with};
/// let documents = parse_with("a.yml", "enabled: on\n", Resolution::GoYaml3).unwrap();
/// assert_eq!(documents[0].root.to_json(), serde_json::json!({"enabled": "on"}));
/// assert!(parse_with("a.yml", "[echo $?]\n", Resolution::GoYaml3).is_err());
/// ```
///
/// # Errors
/// Refused, beyond what is not YAML: a key that appears twice in one mapping, a key that is not a scalar or
/// is null, `.inf` and `.nan`, and what goes beyond [`limits`](crate::limits).
pub fn parse_with(
    file: &str,
    text: &str,
    resolution: Resolution,
) -> Result<Vec<Document>, Diagnostic> {
    check_size(file, text)?;
    match plain_block::parse(text, resolution) {
        Some(documents) => Ok(documents),
        None => parse_by_scanner(file, text, resolution),
    }
}

/// The same as YAML 1.2: for files whose own program may not be go-yaml, and which have `[echo $?]` without quotes.
///
/// ```
/// use towpath_yaml::{Resolution, parse_1_2};
/// let documents = parse_1_2("a.yml", "[echo $?, on]\n", Resolution::GoYaml3).unwrap();
/// assert_eq!(documents[0].root.to_json(), serde_json::json!(["echo $?", "on"]));
/// ```
///
/// # Errors
/// As [`parse`].
pub fn parse_1_2(
    file: &str,
    text: &str,
    resolution: Resolution,
) -> Result<Vec<Document>, Diagnostic> {
    check_size(file, text)?;
    match plain_block::parse(text, resolution) {
        Some(documents) => Ok(documents),
        None => parse_1_2_by_scanner(file, text, resolution),
    }
}

/// Reads all documents of a file whose own program lets the last of several equal keys count, and tells each that
/// does not count, in the order of the file. Such programs use go-yaml 2.
///
/// ```
/// let text = "kind: A\nname: a\nkind: B\n";
/// let (documents, repeated) = towpath_yaml::parse_last_counts("f.yml", text).unwrap();
/// assert_eq!(documents[0].root.to_json(), serde_json::json!({"kind": "B", "name": "a"}));
/// assert_eq!(repeated[0].to_string(), "f.yml:3:1: key `kind` appears twice in this mapping; the last one counts");
/// ```
///
/// # Errors
/// As [`parse_with`], but for keys that appear twice.
pub fn parse_last_counts(
    file: &str,
    text: &str,
) -> Result<(Vec<Document>, Vec<Diagnostic>), Diagnostic> {
    check_size(file, text)?;
    let resolution = Resolution::default();
    if let Some(documents) = plain_block::parse(text, resolution) {
        return Ok((documents, Vec::new()));
    }
    let source = Source::go_yaml(file, text)?;
    let mut loader = Loader::new(file, source, resolution);
    loader.repeated = Some(Vec::new());
    let documents = loader.documents()?;
    Ok((documents, loader.repeated.unwrap_or_default()))
}

/// [`parse_with`] without the short way that most files take, so that tests can compare both.
#[doc(hidden)]
pub fn parse_by_scanner(
    file: &str,
    text: &str,
    resolution: Resolution,
) -> Result<Vec<Document>, Diagnostic> {
    let source = Source::go_yaml(file, text)?;
    Loader::new(file, source, resolution).documents()
}

/// The same of [`parse_1_2`].
#[doc(hidden)]
pub fn parse_1_2_by_scanner(
    file: &str,
    text: &str,
    resolution: Resolution,
) -> Result<Vec<Document>, Diagnostic> {
    Loader::new(file, Source::granit(text), resolution).documents()
}

pub(crate) fn check_size(file: &str, text: &str) -> Result<(), Diagnostic> {
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes, more than {MAX_BYTES}", text.len());
        return Err(Diagnostic::new(START.location(file), message));
    }
    Ok(())
}

pub(crate) const START: Position = Position { line: 1, column: 1 };

struct Loader<'t> {
    file: &'t str,
    resolution: Resolution,
    source: Source<'t>,
    anchors: HashMap<Anchor, Node>,
    comments: Vec<Comment>,
    cost: Cost,
    /// Keys that a later one stands for. None where that is an error.
    repeated: Option<Vec<Diagnostic>>,
}

impl<'t> Loader<'t> {
    fn new(file: &'t str, source: Source<'t>, resolution: Resolution) -> Self {
        Self {
            file,
            resolution,
            source,
            anchors: HashMap::new(),
            comments: Vec::new(),
            cost: Cost::default(),
            repeated: None,
        }
    }

    fn documents(&mut self) -> Result<Vec<Document>, Diagnostic> {
        let mut documents: Vec<Document> = Vec::new();
        while let Some((event, span)) = self.next()? {
            match event {
                Event::DocumentEnd => {
                    self.anchors.clear();
                    if let Some(document) = documents.last_mut() {
                        document.comments.append(&mut self.comments);
                    }
                }
                event => {
                    let root = self.node(event, span, 1)?;
                    documents.push(Document {
                        root,
                        comments: std::mem::take(&mut self.comments),
                    });
                }
            }
        }
        if let Some(document) = documents.last_mut() {
            document.comments.append(&mut self.comments);
        }
        Ok(documents)
    }

    /// The next event that is not a comment.
    fn next(&mut self) -> Result<Option<Spanned<'t>>, Diagnostic> {
        loop {
            match self.source.next(self.file)? {
                Some((Event::Comment(text), span)) => self.comments.push(Comment { text, span }),
                event => return Ok(event),
            }
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Diagnostic> {
        self.charge(
            Cost {
                nodes: 1,
                bytes: 0,
                depth,
            },
            &span,
        )?;
        let (node, anchor) = match event {
            Event::Alias(anchor) => return self.alias(anchor, &span, depth),
            Event::Scalar {
                text,
                style,
                anchor,
                tag,
            } => {
                self.charge(
                    Cost {
                        nodes: 0,
                        bytes: text.len(),
                        depth,
                    },
                    &span,
                )?;
                (self.scalar(&text, style, tag, span)?, anchor)
            }
            Event::SequenceStart(style, anchor) => {
                let content = Content::Sequence(self.items(depth)?);
                (collection(content, style, span), anchor)
            }
            Event::MappingStart(style, anchor) => {
                let content = Content::Mapping(self.entries(depth)?);
                (collection(content, style, span), anchor)
            }
            other => return Err(self.error(&span, format!("unexpected {other:?}"))),
        };
        if let Some(anchor) = anchor {
            self.charge(cost_of(&node), &node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Node>, Diagnostic> {
        let mut items = Vec::new();
        while let Some((event, span)) = self.next()? {
            if event == Event::SequenceEnd {
                break;
            }
            items.push(self.node(event, span, depth + 1)?);
        }
        Ok(items)
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<Entry>, Diagnostic> {
        let mut entries = Vec::new();
        let mut places = HashMap::new();
        while let Some((event, span)) = self.next()? {
            if event == Event::MappingEnd {
                break;
            }
            let key = self.node(event, span, depth + 1)?;
            self.check_key(&key)?;
            let Some((event, span)) = self.next()? else {
                break;
            };
            let value = self.node(event, span, depth + 1)?;
            let entry = Entry { key, value };
            match places.entry(entry.json_key()) {
                hash_map::Entry::Vacant(place) => {
                    place.insert(entries.len());
                    entries.push(entry);
                }
                hash_map::Entry::Occupied(place) => {
                    self.repeated(&entry)?;
                    entries[*place.get()] = entry;
                }
            }
        }
        self.merged(entries, &places)
    }

    fn repeated(&mut self, entry: &Entry) -> Result<(), Diagnostic> {
        let message = format!(
            "key `{}` appears twice in this mapping",
            clipped(entry.name())
        );
        if self.repeated.is_none() {
            return Err(self.error(&entry.key.span, message));
        }
        let told = self.error(&entry.key.span, format!("{message}; the last one counts"));
        self.repeated.get_or_insert_default().push(told);
        Ok(())
    }

    fn check_key(&self, key: &Node) -> Result<(), Diagnostic> {
        let found = match &key.content {
            Content::Scalar {
                value: PlainKind::Null,
                ..
            } => "nothing",
            Content::Scalar { .. } => return Ok(()),
            _ => key.kind().describe(),
        };
        Err(self.error(
            &key.span,
            format!("expected a string as key, found {found}"),
        ))
    }

    /// Puts what `<<` stands for (<https://yaml.org/type/merge.html>) behind the keys of the mapping itself, which
    /// win; of several merged mappings the earlier wins, and keys of the last come first, as kyaml's `DeAnchor` has it.
    fn merged(
        &mut self,
        entries: Vec<Entry>,
        own: &HashMap<String, usize>,
    ) -> Result<Vec<Entry>, Diagnostic> {
        let (merges, mut result): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(Entry::is_merge);
        let mut places = HashMap::new();
        for merge in merges {
            for source in self.merge_sources(merge.value)?.iter().rev() {
                for merged in source.entries() {
                    let key = merged.json_key();
                    if own.contains_key(&key) {
                        continue;
                    }
                    match places.entry(key) {
                        hash_map::Entry::Vacant(place) => {
                            place.insert(result.len());
                            result.push(merged.clone());
                        }
                        hash_map::Entry::Occupied(place) => {
                            result[*place.get()] = merged.clone();
                        }
                    }
                }
            }
        }
        Ok(result)
    }

    fn merge_sources(&self, value: Node) -> Result<Vec<Node>, Diagnostic> {
        let span = value.span.clone();
        let sources = match value.content {
            Content::Sequence(items) => items,
            _ => vec![value],
        };
        let mappings = sources
            .iter()
            .all(|s| matches!(s.content, Content::Mapping(_)));
        if mappings {
            Ok(sources)
        } else {
            let message = "`<<` merges a mapping or a list of mappings";
            Err(self
                .error(&span, message.to_owned())
                .help("quote it if it is meant as a key"))
        }
    }

    fn alias(&mut self, anchor: Anchor, span: &Span, depth: usize) -> Result<Node, Diagnostic> {
        let Some(cost) = self.anchors.get(&anchor).map(cost_of) else {
            return Err(self.error(span, "the alias stands inside its own anchor".to_owned()));
        };
        // Before the copy is made: it may be large.
        let depth = depth + cost.depth;
        self.charge(Cost { depth, ..cost }, span)?;
        Ok(self.anchors[&anchor].clone())
    }

    fn scalar(
        &self,
        text: &str,
        style: Style,
        tag: Option<String>,
        span: Span,
    ) -> Result<Node, Diagnostic> {
        let value = self.scalar_value(text, style, tag.as_deref(), &span)?;
        let content = Content::Scalar {
            text: text.into(),
            value,
        };
        Ok(Node {
            content,
            style,
            is_tagged: tag.is_some(),
            span,
        })
    }

    /// What go-yaml does with an explicit tag: core tags decide or are checked, others mean a string.
    fn scalar_value(
        &self,
        text: &str,
        style: Style,
        tag: Option<&str>,
        span: &Span,
    ) -> Result<PlainKind, Diagnostic> {
        let resolved = || {
            resolve(text, self.resolution).map_err(|NotFinite| {
                let message = format!("`{text}` is a number that JSON cannot carry");
                self.error(span, message)
                    .help("quote it if it is meant as a string")
            })
        };
        match tag {
            None if style == Style::Plain => resolved(),
            None | Some("!!str" | "!") => Ok(PlainKind::String),
            Some("!!binary") => {
                Err(self.error(span, "the tag `!!binary` is not supported yet".to_owned()))
            }
            Some("!!float") => match resolved()? {
                #[expect(clippy::cast_precision_loss, reason = "go-yaml converts the same way")]
                PlainKind::Int(value) => Ok(PlainKind::Float(value as f64)),
                other => self.checked(other, "!!float", text, span),
            },
            Some(tag @ ("!!null" | "!!bool" | "!!int" | "!!timestamp")) => {
                self.checked(resolved()?, tag, text, span)
            }
            Some("!!merge") if text == "<<" => Ok(PlainKind::Merge),
            Some(_) => Ok(PlainKind::String),
        }
    }

    fn checked(
        &self,
        value: PlainKind,
        tag: &str,
        text: &str,
        span: &Span,
    ) -> Result<PlainKind, Diagnostic> {
        if value.tag() == tag {
            return Ok(value);
        }
        let message = format!("cannot read {} `{}` as {tag}", value.tag(), clipped(text));
        Err(self.error(span, message))
    }

    /// Adds to what the file has cost and stops it where it is too much.
    fn charge(&mut self, cost: Cost, at: &Span) -> Result<(), Diagnostic> {
        self.cost.nodes += cost.nodes;
        self.cost.bytes += cost.bytes;
        let problem = if cost.depth > MAX_DEPTH {
            format!("mappings and lists are nested deeper than {MAX_DEPTH}")
        } else if self.cost.nodes > MAX_NODES {
            format!("the file has more than {MAX_NODES} values, aliases expanded")
        } else if self.cost.bytes > MAX_SCALAR_BYTES {
            format!("the file has more than {MAX_SCALAR_BYTES} bytes of text, aliases expanded")
        } else {
            return Ok(());
        };
        Err(self.error(at, problem))
    }

    fn error(&self, at: &Span, message: String) -> Diagnostic {
        Diagnostic::new(at.start.location(self.file), message)
    }
}

fn collection(content: Content, style: Style, span: Span) -> Node {
    Node {
        content,
        style,
        is_tagged: false,
        span,
    }
}

fn clipped(text: &str) -> String {
    text.chars().take(80).collect()
}
