use http::HeaderMap;

/// The header's text; none when it is missing, or holds what is not printable.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The first of these headers that is there.
pub(crate) fn first<'a>(headers: &'a HeaderMap, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| text(headers, name))
}
