//! Files as they are written, for their comments.

use towpath_yaml::syntax::{self, Node};

/// The documents of a text that are not empty; none where there are no comments, or not so many documents.
pub(crate) fn documents(text: &str, count: usize) -> Vec<Node> {
    if !text.contains('#') {
        return Vec::new();
    }
    let parts = parts(&text.replace("\r\n", "\n"));
    let documents = parts.iter().filter_map(|part| syntax::parse("", part).ok());
    let first = documents.filter_map(|documents| documents.into_iter().next());
    let roots = first.filter_map(|document| document.root.without_aliases());
    let roots = roots.filter(|root| !root.items().is_empty() || !root.entries().is_empty());
    let roots: Vec<Node> = roots.collect();
    match roots.len() == count {
        true => roots,
        false => Vec::new(),
    }
}

/// Upstream cuts a file at lines that begin with `---` before it reads it (kyaml's `splitDocuments`): no comment is in
/// doubt between two documents then.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let is_separator = index > 0 && line.starts_with("---") && line.ends_with('\n');
        match parts.last_mut() {
            Some(part) if !is_separator => part.push_str(line),
            _ => parts.push(String::new()),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_stay_with_their_documents() {
        let text = "# a\na: 1 # one\n--- # gone\n# only\n---\nb: 2\n";
        let documents = documents(text, 2);
        let texts: Vec<String> = documents.iter().map(towpath_yaml::node_to_yaml).collect();
        assert_eq!(texts, ["# a\na: 1 # one\n", "b: 2\n"]);
        assert!(super::documents("a: 1\n", 1).is_empty());
    }
}
