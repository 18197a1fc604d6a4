//! A text as version 3 of go-yaml reads it.

use std::collections::HashMap;
use std::vec::IntoIter;

use towpath_model::Diagnostic;

use super::event::{Anchor, Event, Spanned};
use crate::go_yaml::{self, EventKind, Properties, events, short_tag};
use crate::{Span, Style};

pub(super) struct GoYaml<'t> {
    text: &'t str,
    events: IntoIter<go_yaml::Event>,
    /// Of the event that waits for the comments before it.
    waiting: Option<Spanned<'t>>,
    comments: IntoIter<Span>,
    /// The last ones of their names.
    anchors: HashMap<Box<str>, Anchor>,
    /// How many there were.
    count: usize,
}

impl<'t> GoYaml<'t> {
    pub(super) fn new(file: &str, text: &'t str) -> Result<Self, Diagnostic> {
        let (events, comments) = events(text).map_err(|problem| problem.diagnostic(file))?;
        Ok(Self {
            text,
            events: events.into_iter(),
            waiting: None,
            comments: comments.into_iter(),
            anchors: HashMap::new(),
            count: 0,
        })
    }

    /// Comments come with the end of their document.
    pub(super) fn next(&mut self, file: &str) -> Result<Option<Spanned<'t>>, Diagnostic> {
        let event = match self.waiting.take() {
            Some(event) => Some(event),
            None => self.next_event(file)?,
        };
        let end = match &event {
            Some((Event::DocumentEnd, span)) => span.bytes.start,
            Some(_) => return Ok(event),
            None => self.text.len(),
        };
        let next = self.comments.as_slice().first();
        if next.is_none_or(|comment| comment.bytes.start >= end) {
            return Ok(event);
        }
        self.waiting = event;
        Ok(self.comments.next().map(|span| self.comment(span)))
    }

    fn comment(&self, span: Span) -> Spanned<'t> {
        let text = self.text.get(span.bytes.clone()).unwrap_or_default();
        let text = text.strip_prefix('#').unwrap_or(text);
        (Event::Comment(text.to_owned()), span)
    }

    fn next_event(&mut self, file: &str) -> Result<Option<Spanned<'t>>, Diagnostic> {
        let Some(mut event) = self.events.next() else {
            return Ok(None);
        };
        if matches!(event.kind, EventKind::DocumentStart) {
            self.anchors.clear();
            match self.events.next() {
                Some(next) => event = next,
                None => return Ok(None),
            }
        }
        let go_yaml::Event {
            kind,
            properties,
            span,
            ..
        } = event;
        let anchor = self.anchor(&properties);
        let event = match kind {
            EventKind::DocumentStart | EventKind::DocumentEnd => Event::DocumentEnd,
            EventKind::Scalar { text, style } => {
                let tag = properties.tag.as_deref().and_then(short_tag);
                let is_null = text.is_empty() && style == Style::Plain && tag.is_none();
                Event::Scalar {
                    text: match is_null {
                        true => "~".into(),
                        false => text.to_string().into(),
                    },
                    style,
                    anchor,
                    tag,
                }
            }
            EventKind::Alias(name) => Event::Alias(self.aliased(&name, &span, file)?),
            EventKind::SequenceStart(style) => Event::SequenceStart(style, anchor),
            EventKind::SequenceEnd => Event::SequenceEnd,
            EventKind::MappingStart(style) => Event::MappingStart(style, anchor),
            EventKind::MappingEnd => Event::MappingEnd,
        };
        Ok(Some((event, span)))
    }

    fn anchor(&mut self, properties: &Properties) -> Option<Anchor> {
        let name = properties.anchor.clone()?;
        self.count += 1;
        let anchor = Anchor(self.count);
        self.anchors.insert(name, anchor);
        Some(anchor)
    }

    fn aliased(&self, name: &str, at: &Span, file: &str) -> Result<Anchor, Diagnostic> {
        self.anchors.get(name).copied().ok_or_else(|| {
            let message = format!("not valid YAML: no anchor `{name}` stands before this alias");
            Diagnostic::new(at.start.location(file), message)
        })
    }
}
