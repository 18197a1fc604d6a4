//! Walks over the tokens as go-yaml's parser does (`parserc.go`), and hands the comments to what it meets.

use super::comments::{Comment, Place};
use super::cursor::Mark;
use super::problem::Reason;
use super::tokens::{TokenKind, Tokens};
use super::{Event, EventKind, Problem, Properties};
use crate::Span;
use crate::limits::{MAX_DEPTH, MAX_NODES, MAX_SCALAR_BYTES};
use crate::syntax::Comments;

pub(super) struct Walk<'t> {
    pub(super) tokens: Tokens<'t>,
    /// Of the token that was looked at last.
    at: Mark,
    /// How many of the comments that were found are in `waiting`, or were.
    taken: usize,
    /// What the next event gets.
    pub(super) waiting: Comments,
    /// Above a `-`, about the mapping or list behind it.
    pub(super) stem: Option<String>,
    /// What handles stand for in this document.
    pub(super) handles: Vec<(Box<str>, Box<str>)>,
    events: Vec<Event>,
    nodes: usize,
    bytes: usize,
}

impl<'t> Walk<'t> {
    /// Of what stands behind a byte of a text.
    pub(super) fn new(text: &'t str, start: usize) -> Self {
        Self {
            tokens: Tokens::new(text, start),
            at: Mark::default(),
            taken: 0,
            waiting: Comments::default(),
            stem: None,
            handles: Vec::new(),
            events: Vec::new(),
            nodes: 0,
            bytes: 0,
        }
    }

    /// With where all comments stand.
    pub(super) fn events(mut self) -> Result<(Vec<Event>, Vec<Span>), Problem> {
        self.stream()?;
        Ok((self.events, self.tokens.lines))
    }

    /// The next token.
    pub(super) fn peek(&mut self) -> Result<TokenKind, Problem> {
        let (kind, mark) = self.tokens.peek()?;
        self.at = mark;
        self.take_comments(kind);
        Ok(kind)
    }

    /// Takes the comments that are about this token or what stands before it. The end of a block has no head.
    fn take_comments(&mut self, token: TokenKind) {
        while let Some(comment) = self.tokens.comments.get_mut(self.taken) {
            if self.at.index < comment.token {
                break;
            }
            let text = match comment.place {
                Place::Head if token == TokenKind::BlockEnd => break,
                Place::Head => &mut self.waiting.head,
                Place::Line => &mut self.waiting.line,
                Place::Foot => &mut self.waiting.foot,
            };
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&comment.text);
            *comment = Comment::default();
            self.taken += 1;
        }
    }

    pub(super) fn skip(&mut self) {
        self.tokens.skip();
    }

    pub(super) fn skip_and_peek(&mut self) -> Result<TokenKind, Problem> {
        self.skip();
        self.peek()
    }

    /// Where the token begins that was looked at last; of no width.
    pub(super) fn here(&self) -> Span {
        self.behind(0)
    }

    /// The same behind so many characters of ASCII.
    pub(super) fn behind(&self, characters: usize) -> Span {
        let Mark { column, byte, .. } = self.at;
        let mark = Mark {
            column: column + characters,
            byte: byte + characters,
            ..self.at
        };
        mark.span()
    }

    /// The bracket that was looked at last.
    pub(super) fn bracket(&self) -> Span {
        self.at.span_to(self.at.byte + 1)
    }

    pub(super) fn problem(&self, message: &'static str) -> Problem {
        Problem::new(self.at, message)
    }

    pub(super) fn check_depth(&self, depth: usize) -> Result<(), Problem> {
        match depth > MAX_DEPTH {
            true => Err(Problem::of(self.at, Reason::TooDeep)),
            false => Ok(()),
        }
    }

    /// A null for which nothing stands in the text.
    pub(super) fn nothing(&mut self, at: Span) -> Result<(), Problem> {
        self.push(EventKind::nothing(), Properties::default(), None, at)
    }

    /// An event here without comments.
    pub(super) fn event(&mut self, kind: EventKind) -> Result<(), Problem> {
        let here = self.here();
        self.push(kind, Properties::default(), None, here)
    }

    /// An event here with the comments that wait.
    pub(super) fn commented_event(&mut self, kind: EventKind) -> Result<(), Problem> {
        let (comments, here) = (self.take_waiting(), self.here());
        self.push(kind, Properties::default(), comments, here)
    }

    pub(super) fn push(
        &mut self,
        kind: EventKind,
        properties: Properties,
        comments: Option<Box<Comments>>,
        span: Span,
    ) -> Result<(), Problem> {
        self.charge(&kind)?;
        self.events.push(Event {
            kind,
            properties,
            comments,
            span,
        });
        Ok(())
    }

    fn charge(&mut self, kind: &EventKind) -> Result<(), Problem> {
        use EventKind::{DocumentEnd, DocumentStart, MappingEnd, SequenceEnd};
        self.nodes += match kind {
            DocumentStart | DocumentEnd | SequenceEnd | MappingEnd => 0,
            _ => 1,
        };
        if let EventKind::Scalar { text, .. } = kind {
            self.bytes += text.len();
        }
        let reason = if self.nodes > MAX_NODES {
            Reason::TooManyNodes
        } else if self.bytes > MAX_SCALAR_BYTES {
            Reason::TooMuchText
        } else {
            return Ok(());
        };
        Err(Problem::of(self.at, reason))
    }

    pub(super) fn take_waiting(&mut self) -> Option<Box<Comments>> {
        self.stem = None;
        std::mem::take(&mut self.waiting).boxed()
    }
}
