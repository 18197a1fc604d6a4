/// The parts of a path (kyaml's `SmarterPathSplitter`): at dots, except in brackets and behind a backslash.
/// Brackets stay where they hold a `=`, and go where they only keep the dots of a key together.
pub(crate) fn split(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut pieces = pieces(path).into_iter();
    while let Some(mut part) = pieces.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            parts.push(part);
            continue;
        }
        while !part.ends_with(']') {
            let Some(next) = pieces.next() else { break };
            part = part + "." + &next;
        }
        match part.contains('=') {
            true => parts.push(part),
            false => parts.push(part.trim_matches(['[', ']']).to_owned()),
        }
    }
    parts
}

fn pieces(path: &str) -> Vec<String> {
    let path = path.strip_prefix('.').unwrap_or(path);
    let mut pieces: Vec<String> = Vec::new();
    for piece in path.split('.') {
        match pieces.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('.');
                last.push_str(piece);
            }
            _ => pieces.push(piece.to_owned()),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_part_except_where_they_do_not() {
        for (path, parts) in [
            ("a.b", &["a", "b"][..]),
            (".a", &["a"]),
            ("a.[n=x.y].c", &["a", "[n=x.y]", "c"]),
            ("a.[x.y/z]", &["a", "x.y/z"]),
            (r"a.b\.c", &["a", "b.c"]),
            ("a.[x", &["a", "x"]),
        ] {
            assert_eq!(split(path), parts, "{path}");
        }
    }
}
