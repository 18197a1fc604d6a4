use std::collections::BTreeMap;

use towpath_model::Diagnostic;
use towpath_yaml::{Resolution, is_string};

use crate::go_json;
use crate::kustomization::{At, GeneratorArgs};
use crate::loader::Loader;

/// Keys and contents of all sources.
///
/// # Errors
/// When a source is malformed or missing, or when two have one key.
pub(super) fn read(
    args: &At<GeneratorArgs>,
    loader: &Loader<'_>,
) -> Result<BTreeMap<String, Vec<u8>>, Diagnostic> {
    let wrong = |message: String| Diagnostic::new(args.at.clone(), message);
    let mut pairs = Vec::new();
    for path in &args.value.envs {
        let content = loader.load(path, &args.at)?;
        pairs.extend(env_file(content).map_err(|problem| wrong(format!("`{path}`: {problem}")))?);
    }
    for literal in &args.value.literals {
        pairs.push(parse_literal(literal).map_err(wrong)?);
    }
    for source in &args.value.files {
        let (key, path) = parse_file(source).map_err(wrong)?;
        pairs.push((key, loader.load(path, &args.at)?.to_vec()));
    }
    let mut contents = BTreeMap::new();
    for (key, content) in pairs {
        if !is_string(&key, Resolution::GoYaml3) {
            // Upstream writes keys without quotes.
            return Err(wrong(format!("key `{key}` would not be a string")));
        }
        if is_too_long(&key) {
            let message = "a key is longer than 1,024 characters: YAML does not read it again";
            return Err(wrong(message.to_owned()));
        }
        if contents.contains_key(&key) {
            let name = &args.value.name;
            return Err(wrong(format!(
                "configmap {name} illegally repeats the key `{key}`"
            )));
        }
        contents.insert(key, content);
    }
    Ok(contents)
}

/// Upstream reads the object again, as JSON by its reader of YAML, which looks 1,024 characters ahead for a `:`.
fn is_too_long(key: &str) -> bool {
    let written = go_json::marshal(&key.into());
    written.chars().count() > LONGEST_KEY
}

/// With its quotes.
const LONGEST_KEY: usize = 1024;

/// Lines longer than this are refused, as Go's scanner does.
const LONGEST_LINE: usize = 64 << 10;

/// `KEY=value` lines; comments and empty lines are none.
fn env_file(content: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut pairs = Vec::new();
    for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
        if line.len() >= LONGEST_LINE {
            return Err(format!("line {} is too long", index + 1));
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = std::str::from_utf8(line)
            .map_err(|_| format!("line {} has invalid utf8 bytes", index + 1))?;
        let line = match index {
            0 => line.strip_prefix('\u{feff}').unwrap_or(line),
            _ => line,
        };
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        if !key.is_empty() {
            pairs.push((key.to_owned(), value.as_bytes().to_vec()));
        }
    }
    Ok(pairs)
}

/// `key=value`; quotes around the whole value are taken off.
fn parse_literal(source: &str) -> Result<(String, Vec<u8>), String> {
    match source.split_once('=') {
        Some((key, value)) if !key.is_empty() => {
            Ok((key.to_owned(), unquoted(value).as_bytes().to_vec()))
        }
        _ => Err(format!(
            "invalid literal source {source}, expected key=value"
        )),
    }
}

fn unquoted(text: &str) -> &str {
    let within = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(text)
}

/// `path` or `key=path`.
fn parse_file(source: &str) -> Result<(String, &str), String> {
    let base = |path: &str| {
        let name = path.trim_end_matches('/').rsplit('/').next();
        name.unwrap_or_default().to_owned()
    };
    match source.split('=').collect::<Vec<_>>()[..] {
        [path] => Ok((base(path), path)),
        ["", path] => Err(format!(
            "missing key name for file path \"{path}\" in source \"{source}\""
        )),
        [key, ""] => Err(format!(
            "missing file path for key name \"{key}\" in source \"{source}\""
        )),
        [key, path] => Ok((key.to_owned(), path)),
        _ => Err(format!(
            "source \"{source}\" key name or file path contains '='"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_lose_their_quotes() {
        for (source, value) in [
            ("a=b", Ok("b")),
            ("a=\"b\"", Ok("b")),
            ("a='b=c'", Ok("b=c")),
            ("a=\"b'", Ok("\"b'")),
            ("a=\"", Ok("\"")),
            ("a", Err(())),
            ("=b", Err(())),
        ] {
            let read = parse_literal(source)
                .map(|(_, value)| value)
                .map_err(|_| ());
            assert_eq!(
                read,
                value.map(|value| value.as_bytes().to_vec()),
                "{source}"
            );
        }
    }

    #[test]
    fn env_files_have_comments() {
        let pairs = env_file(b"\xef\xbb\xbfA=1\r\n# no\n\n  B = 2 \nC\n").expect("fine");
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_slice()))
            .collect();
        assert_eq!(pairs, [("A", &b"1"[..]), ("B ", b" 2 "), ("C", b"")]);
    }
}
