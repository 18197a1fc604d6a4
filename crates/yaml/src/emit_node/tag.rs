//! Tags as go-yaml writes them (`yaml_emitter_process_tag`).

use std::fmt::Write as _;

/// What stands in the text for a tag that has been shortened: `!!int`, `!Ref`, or `!<tag:example.com,2000:x>`.
pub(super) fn written(tag: &str) -> String {
    let handle = match tag {
        _ if tag.starts_with("!!") => "!!",
        _ if tag.starts_with('!') => "!",
        _ => return format!("!<{}>", escaped(tag)),
    };
    format!("{handle}{}", escaped(&tag[handle.len()..]))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => out.push(char::from(byte)),
            _ if b";/?:@&=+$,_.~*'()[]-".contains(&byte) => out.push(char::from(byte)),
            // Writing into a string cannot fail.
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
    out
}
