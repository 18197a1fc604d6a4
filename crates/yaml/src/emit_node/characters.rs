//! Characters as go-yaml sorts them (`yamlprivateh.go`).

pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// No tab, no byte order mark, and nothing beyond 16 bits.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && c != BYTE_ORDER_MARK
}

pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';
