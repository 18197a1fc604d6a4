use regex::Regex;

/// What an element of a list has to have in it.
pub(super) enum Pattern<'p> {
    /// Most patterns are names, for which no expression has to be compiled.
    Text(&'p str),
    Regex(Regex),
}

impl<'p> Pattern<'p> {
    /// # Errors
    /// When it is no regular expression.
    pub(super) fn new(pattern: &'p str) -> Result<Self, String> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | ':');
        if pattern.chars().all(is_plain) {
            return Ok(Pattern::Text(pattern));
        }
        let regex = Regex::new(pattern);
        let regex = regex.map_err(|error| format!("error parsing regexp: {error}"))?;
        Ok(Pattern::Regex(regex))
    }

    /// Anywhere in the text.
    pub(super) fn is_in(&self, text: &str) -> bool {
        match self {
            Pattern::Text(part) => text.contains(part),
            Pattern::Regex(regex) => regex.is_match(text),
        }
    }
}
