/// How a node is written, as bits of go-yaml's `Style`: a node that takes the place of another gets its style whatever
/// the two are, so that any may be on any node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style(u8);

impl Style {
    pub(crate) const PLAIN: Self = Self(0);
    /// A tag stands in front of it in the file.
    pub(crate) const TAGGED: Self = Self(1);
    pub(crate) const DOUBLE: Self = Self(2);
    pub(crate) const SINGLE: Self = Self(4);
    /// `|`
    pub(crate) const LITERAL: Self = Self(8);
    /// `>`
    pub(crate) const FOLDED: Self = Self(16);
    /// In braces or brackets.
    pub(crate) const FLOW: Self = Self(32);

    pub(crate) fn has(self, style: Self) -> bool {
        self.0 & style.0 != 0
    }

    pub(crate) fn with(self, style: Self) -> Self {
        Self(self.0 | style.0)
    }

    /// Whether a scalar has anything around it that makes a string of it.
    pub(crate) fn is_quoted(self) -> bool {
        let quotes = Self::DOUBLE.with(Self::SINGLE);
        self.has(quotes.with(Self::LITERAL).with(Self::FOLDED))
    }
}
