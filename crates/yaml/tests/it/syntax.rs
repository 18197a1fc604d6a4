use towpath_yaml::syntax::{Kind, Node, parse};
use towpath_yaml::{limits, node_to_yaml};

fn root(text: &str) -> Node {
    let mut documents = parse("f.yml", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    documents.remove(0).root
}

#[test]
fn an_alias_needs_its_anchor_before_it() {
    for (text, changed, dangling) in [
        ("a: &x 1\nb: *x\n", 1, None),
        ("a: &x 1\nb: *x\n", 0, Some("x")),
        ("a: {b: &x 1}\nb: [*x]\n", 0, Some("x")),
        ("a: &x 1\nb: &x 2\nc: *x\n", 0, None),
        ("a: &x [*x]\n", 5, None),
    ] {
        let mut root = root(text);
        if let Some(entry) = root.entries_mut().unwrap().get_mut(changed) {
            entry.value = Node::plain("new");
        }
        assert_eq!(root.dangling_alias(), dangling, "{text}");
    }
}

#[test]
fn aliases_become_copies() {
    for (text, copied) in [
        (
            "a: &x {b: 'c'}\nd: [*x, *x]\n",
            Some("a: {b: 'c'}\nd: [{b: 'c'}, {b: 'c'}]\n"),
        ),
        ("a: &x 1\nb: &x 2\nc: *x\n", Some("a: 1\nb: 2\nc: 2\n")),
        (
            "a: &x {b: 1, c: 1}\nd:\n  <<: [*x, {e: 2, b: 2}]\n  c: 3 # own\n",
            Some("a: {b: 1, c: 1}\nd:\n  c: 3 # own\n  e: 2\n  b: 1\n"),
        ),
        ("a: {<<: x}\n", None),
        ("a: &x [*x]\n", None),
    ] {
        let root = root(text).without_aliases();
        assert_eq!(
            root.map(|root| node_to_yaml(&root)).as_deref(),
            copied,
            "{text}"
        );
    }
}

#[test]
fn a_bomb_of_aliases_is_read_and_not_copied() {
    let level = |level: usize| {
        let aliases = vec![format!("*a{level}"); 10].join(", ");
        format!("a{}: &a{} [{aliases}]\n", level + 1, level + 1)
    };
    let levels: String = (0..9).map(level).collect();
    let root = root(&format!("a0: &a0 x\n{levels}"));
    assert_eq!(root.without_aliases(), None);
    assert!(root.dangling_alias().is_none());
}

#[test]
fn what_is_no_yaml_for_go_yaml_is_refused() {
    for (text, reason) in [
        ("a: *x\n", "f.yml:1:4: not valid YAML"),
        (
            "a: &x.y 1\n",
            "f.yml:1:6: not valid YAML: the name of an anchor has letters",
        ),
        ("a: [\n", "not valid YAML"),
    ] {
        let refused = parse("f.yml", text).unwrap_err().to_string();
        assert!(refused.contains(reason), "{text}: {refused}");
    }
    let deep = "[".repeat(limits::MAX_DEPTH + 1) + &"]".repeat(limits::MAX_DEPTH + 1);
    assert!(parse("f.yml", &deep).is_err());
}

/// All of them as go-yaml writes them; YAML 1.2 has other line breaks, tags, escapes and indicators.
#[test]
fn texts_are_those_of_yaml_1_1() {
    for (text, written) in [
        (
            "a: x\u{85}  y\u{85}b: |\u{85}  z\u{85}",
            "a: x y\nb: |\n  z\n",
        ),
        ("a: 'x\u{2028}  y'\n", "a: 'x\u{2028}  y'\n"),
        ("a: \"x\\\u{85}  y\"\n", "a: \"xy\"\n"),
        ("[!t, x]\n", "[!t, x]\n"),
        ("- 'y'#c\n", "- 'y' #c\n"),
        ("[? x, ? y : z]\n", "[{x: ''}, {y: z}]\n"),
        ("[? ]]\n", "[{'': ''}]\n"),
        ("*x: 1\n", ""),
        ("&x a: 1\n*x: 2\n", "&x a: 1\n*x: 2\n"),
        (
            "%TAG !e! tag:e.com:\n---\n!e!x%41 y\n",
            "!<tag:e.com:xA> y\n",
        ),
        ("a: ! 1\n", "a: 1\n"),
        ("a: http://b/?c\n", "a: http://b/?c\n"),
        ("{a: http://b/?c}\n", ""),
        ("\"\\/\"\n", ""),
        ("%YAML 1.2\n--- x\n", ""),
        ("a: \u{7f}\n", ""),
        ("&a &b x\n", ""),
    ] {
        let documents = parse("f.yml", text).unwrap_or_default();
        let found = documents
            .first()
            .map(|document| node_to_yaml(&document.root));
        assert_eq!(found.unwrap_or_default(), written, "{text}");
    }
}

#[test]
fn problems_say_where_they_are() {
    for (text, problem) in [
        (
            "a: [b\n",
            "f.yml:2:1: not valid YAML: expected `,` or the end of the brackets",
        ),
        (
            "a: b\n- c\n",
            "f.yml:2:1: not valid YAML: expected a key, as the lines above have it",
        ),
        (
            "a: 'b\n",
            "f.yml:1:4: not valid YAML: the quote is not closed",
        ),
        (
            "a: b: c\n",
            "f.yml:1:5: not valid YAML: a mapping or a list cannot begin here",
        ),
        (
            "a:\n\tb: c\n",
            "f.yml:2:1: not valid YAML: a tab stands where spaces have to indent",
        ),
        (
            "a: b\nc\nd: e\n",
            "f.yml:2:1: not valid YAML: expected a key with `:` behind it",
        ),
        (
            "é: \"\\q\"\n",
            "f.yml:1:5: not valid YAML: no such escape in double quotes",
        ),
        (
            "a: @b\n",
            "f.yml:1:4: not valid YAML: no value begins with this character; quote it",
        ),
    ] {
        let found = parse("f.yml", text).unwrap_err().to_string();
        assert_eq!(found, problem, "{text}");
    }
}

#[test]
fn keys_may_be_anything() {
    let root = root("a: 1\na: 2\n? [x]\n: y\n&k b: 3\n*k : 4\n<<: {c: 5}\n~: 6\n");
    let kinds: Vec<Kind<'_>> = root
        .entries()
        .iter()
        .map(|entry| entry.key.kind())
        .collect();
    assert_eq!(kinds.len(), 7);
    assert_eq!(kinds[4], Kind::Alias("k"));
    assert_eq!(root.get("a").and_then(Node::text), Some("1"));
    assert_eq!(root.get("k").and_then(Node::text), Some("4"));
    assert_eq!(root.get("c"), None);
    assert!(root.entries()[5].key.is_merge() && root.entries()[6].key.is_null());
}
