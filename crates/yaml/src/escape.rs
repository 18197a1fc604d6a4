/// How a double-quoted scalar has a character that it does not hold as it is (YAML 1.1, section 5.6).
///
/// ```
/// use towpath_yaml::escape;
///
/// assert_eq!(escape('\n'), r"\n");
/// assert_eq!(escape('\u{1}'), r"\x01");
/// ```
pub fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => return escape_number(u32::from(c)),
    };
    format!("\\{short}")
}

fn escape_number(code: u32) -> String {
    match code {
        0..=0xff => format!("\\x{code:02X}"),
        0x100..=0xffff => format!("\\u{code:04X}"),
        _ => format!("\\U{code:08X}"),
    }
}
