//! Small pieces of HTML that all pages share. Each is written once and is safe as it is.

use std::fmt;

use askama::filters::HtmlSafe;
use towpath_cluster::Health;
use towpath_model::{Status, Timestamp};

use super::escaped::Escaped;
use super::words::{ago, duration};

/// A status as word, colour and shape.
pub(super) struct Badge(pub(super) Status);

impl HtmlSafe for Badge {}

impl fmt::Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.0.as_str();
        write!(f, r#"<span class="st {word}">{word}</span>"#)
    }
}

/// An application's health as word, colour and shape.
pub(super) struct HealthBadge(pub(super) Health);

impl HtmlSafe for HealthBadge {}

impl fmt::Display for HealthBadge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = format!("{:?}", self.0);
        write!(
            f,
            r#"<span class="st {}">{word}</span>"#,
            word.to_ascii_lowercase()
        )
    }
}

/// How long ago something was, with the exact time on hover. A script keeps it true.
pub(super) struct Ago {
    pub(super) at: Timestamp,
    pub(super) now: Timestamp,
}

impl HtmlSafe for Ago {}

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, ago) = (self.at, ago(self.at, self.now));
        let millis = at.0;
        write!(
            f,
            r#"<time datetime="{at}" title="{at}" data-ago="{millis}">{ago}</time>"#
        )
    }
}

/// How long something took, or takes so far. A script lets the latter count.
pub(super) struct Took {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) now: Timestamp,
}

impl HtmlSafe for Took {}

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (Some(from), Some(to)) => {
                let title = format!("{from} to {to}");
                write!(
                    f,
                    r#"<time title="{title}">{}</time>"#,
                    duration(to.since(from))
                )
            }
            (Some(from), None) => {
                let so_far = duration(self.now.since(from));
                write!(
                    f,
                    r#"<time title="since {from}" data-since="{}">{so_far}</time>"#,
                    from.0
                )
            }
            (None, _) => Ok(()),
        }
    }
}

/// An id in short, with the whole one on hover and for copying.
pub(super) struct Id {
    pub(super) short: String,
    pub(super) full: String,
}

impl HtmlSafe for Id {}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (short, full) = (Escaped(&self.short), Escaped(&self.full));
        write!(
            f,
            r#"<span class="id"><code title="{full}">{short}</code><button type="button" class="copy" data-copy="{full}" aria-label="Copy {full}"></button></span>"#
        )
    }
}

/// Something to type, ready to copy.
pub(super) struct Command(pub(super) String);

impl HtmlSafe for Command {}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Escaped(&self.0);
        write!(
            f,
            r#"<div class="command"><pre tabindex="0">{text}</pre><button type="button" class="copy" data-copy="{text}" aria-label="Copy"></button></div>"#
        )
    }
}
