//! Random texts that are YAML or JSON themselves, in a ConfigMap, and paths into them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// The ConfigMap that has them.
pub(crate) const NAME: &str = "texts";

pub(crate) fn config_map() -> BoxedStrategy<Value> {
    (yaml_text(), json_text()).prop_map(|(yaml, json)| {
        let data = json!({ "app.yaml": yaml, "app.json": json });
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": NAME }, "data": data })
    })
    .boxed()
}

/// Into one of the texts.
pub(crate) fn path() -> impl Strategy<Value = String> {
    let field = select(vec![
        "server.port",
        "server.port",
        "server.host",
        "server.on",
        "server.made",
        "server.made.more",
        "list.*.name",
        "hosts.0",
        "hosts.1",
        "hosts.*",
        "hosts.[=a]",
        "list.[name=a].value",
        "list.[name=b].value",
        "list.[name=new].value",
        "list.[name=a|b].made",
        "list.*.value",
        "list.0.value",
        "list.1.name",
        "name",
        "made",
    ]);
    let key = prop_oneof![3 => Just("app\\.yaml"), 1 => Just("app\\.json")];
    (key, field).prop_map(|(key, field)| format!("data.{key}.{field}"))
}

/// To mappings, lists and aliases within the text of YAML, and to what is not there.
pub(crate) fn collection_path() -> impl Strategy<Value = String> {
    let field = select(vec![
        "server",
        "server.port",
        "server.made",
        "hosts",
        "hosts.0",
        "list",
        "list.0",
        "list.[name=a]",
        "list.*.value",
        "shared",
        "copy",
        "copies.0",
        "name",
        "made",
        "made.deep",
    ]);
    field.prop_map(|field| format!("data.app\\.yaml.{field}"))
}

fn json_text() -> impl Strategy<Value = String> {
    // Mostly texts: we refuse those in the place of others.
    let scalar = || {
        prop_oneof![
            7 => select(vec!["8080", "a <b>", "", "a"]).prop_map(Value::from),
            1 => select(vec![json!(8080), json!(1.5), json!(true), json!(1e3)]),
        ]
    };
    let list = vec((select(vec!["a", "b"]), scalar()), 1..3);
    let server = vec((select(vec!["port", "host", "on"]), scalar()), 1..4);
    let hosts = prop_oneof![9 => vec(scalar(), 2..3), 1 => Just(vec![])];
    (server, hosts, list, scalar(), any::<bool>()).prop_map(
        |(server, hosts, list, name, pretty)| {
            let entries = server.into_iter().map(|(key, value)| (key.to_owned(), value));
            let list = list.into_iter();
            let value = json!({
                "server": Map::from_iter(entries),
                "hosts": hosts,
                "list": list.map(|(name, value)| json!({ "name": name, "value": value })).collect::<Value>(),
                "name": name,
            });
            match pretty {
                true => format!("{value:#}\n"),
                false => value.to_string(),
            }
        },
    )
}

/// What a text of YAML is made of, as it is written.
#[derive(Clone, Debug)]
enum Piece {
    Scalar(&'static str),
    /// A header such as `|-`, and lines.
    Block(&'static str, Vec<&'static str>),
    Mapping(Vec<(&'static str, Piece)>),
    List(Vec<Piece>),
}

/// How all of a text is written.
#[derive(Clone, Copy, Debug)]
struct Layout {
    indent: usize,
    /// Whether the items of a list stand deeper than its key.
    lists_are_indented: bool,
    /// How deep mappings and lists stop to be in brackets.
    blocks: usize,
}

fn yaml_text() -> impl Strategy<Value = String> {
    let server = entries(vec!["port", "port", "host", "on", "\"quoted\""], piece(), 4);
    let hosts = prop_oneof![9 => vec(piece(), 2..3), 1 => Just(vec![])].prop_map(Piece::List);
    let element =
        (select(vec!["a", "b", "'a'", "\"b\"", "ab"]), piece()).prop_map(|(name, value)| {
            Piece::Mapping(vec![("name", Piece::Scalar(name)), ("value", value)])
        });
    let list = vec(element, 1..3).prop_map(Piece::List);
    let root = (server, hosts, list, piece()).prop_map(|(server, hosts, list, name)| {
        vec![
            ("server", server),
            ("hosts", hosts),
            ("name", name),
            ("list", list),
        ]
    });
    // Behind all that is shuffled: an alias stands behind its anchor.
    let shared = select(vec![
        "&shared {a: 1, 'b': \"2\"}",
        "&shared text",
        "&shared [a, 'b']",
    ]);
    let aliases = shared.prop_map(|shared| {
        let copy = || Piece::Scalar("*shared");
        vec![
            ("shared", Piece::Scalar(shared)),
            ("copy", copy()),
            ("copies", Piece::List(vec![copy(), Piece::Scalar("x")])),
        ]
    });
    let aliases = prop_oneof![3 => aliases, 1 => Just(vec![])];
    let layout = (2..5usize, any::<bool>(), 1..5usize).prop_map(|(indent, lists, blocks)| Layout {
        indent,
        lists_are_indented: lists,
        blocks,
    });
    (root.prop_shuffle(), aliases, layout).prop_map(|(mut root, aliases, layout)| {
        root.extend(aliases);
        let mut text = String::new();
        Piece::Mapping(root).write(layout, 0, 0, &mut text);
        text
    })
}

/// Each key once.
fn entries(
    keys: Vec<&'static str>,
    value: impl Strategy<Value = Piece>,
    most: usize,
) -> impl Strategy<Value = Piece> {
    vec((select(keys), value), 1..most).prop_map(|mut entries| {
        let mut seen = Vec::new();
        entries.retain(|(key, _)| {
            let is_new = !seen.contains(key);
            seen.push(*key);
            is_new
        });
        Piece::Mapping(entries)
    })
}

fn piece() -> impl Strategy<Value = Piece> + Clone {
    let string = select(vec![
        "\"8080\"",
        "'a b'",
        "plain text",
        "\"\"",
        "''",
        "'it''s'",
        "\"a\\tb\"",
        "\"yes\"",
        "a:b",
        "http://a/b#e",
        "no",
        "\"two\\nlines\"",
        "!!str 5",
    ]);
    let other = select(vec![
        "8080",
        "0",
        "1.5",
        "true",
        "0x1f",
        "2001-01-01",
        "1_000",
        "012",
        "null",
        "~",
    ]);
    // We refuse a text in the place of another type.
    let scalar = prop_oneof![7 => string, 1 => other];
    let lines = vec(
        select(vec!["one", "two words", "key: value", "# no comment"]),
        1..4,
    );
    let header = select(vec!["|", "|-", "|+", ">", ">-"]);
    prop_oneof![
        8 => scalar.prop_map(Piece::Scalar),
        1 => (header, lines).prop_map(|(header, lines)| Piece::Block(header, lines)),
    ]
}

impl Piece {
    /// Behind a key, a dash or nothing; ends its last line.
    fn write(&self, layout: Layout, depth: usize, column: usize, out: &mut String) {
        match self {
            Self::Block(header, lines) => {
                out.push_str(header);
                for line in lines {
                    out.push('\n');
                    out.push_str(&" ".repeat(column.max(1)));
                    out.push_str(line);
                }
            }
            Self::Mapping(entries) if depth < layout.blocks => {
                return Self::write_entries(entries, layout, depth, column, out);
            }
            Self::List(items) if depth < layout.blocks && !items.is_empty() => {
                return Self::write_items(items, layout, depth, column, out);
            }
            _ => out.push_str(&self.in_brackets()),
        }
        out.push('\n');
    }

    /// The cursor stands at this column.
    fn write_entries(
        entries: &[(&'static str, Self)],
        layout: Layout,
        depth: usize,
        column: usize,
        out: &mut String,
    ) {
        for (index, (key, value)) in entries.iter().enumerate() {
            if index > 0 {
                out.push_str(&" ".repeat(column));
            }
            out.push_str(key);
            out.push(':');
            let is_block = depth + 1 < layout.blocks;
            let deeper = match value {
                Self::List(items) if is_block && !items.is_empty() => {
                    column
                        + if layout.lists_are_indented {
                            layout.indent
                        } else {
                            0
                        }
                }
                _ => column + layout.indent,
            };
            match value {
                Self::Mapping(_) if is_block => new_line(deeper, out),
                Self::List(items) if is_block && !items.is_empty() => new_line(deeper, out),
                _ => out.push(' '),
            }
            value.write(layout, depth + 1, deeper, out);
        }
    }

    /// The cursor stands at this column.
    fn write_items(items: &[Self], layout: Layout, depth: usize, column: usize, out: &mut String) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push_str(&" ".repeat(column));
            }
            out.push_str("- ");
            item.write(layout, depth + 1, column + 2, out);
        }
    }

    fn in_brackets(&self) -> String {
        match self {
            Self::Scalar(text) => (*text).to_owned(),
            Self::Block(_, lines) => Value::from(lines.join("\n")).to_string(),
            Self::Mapping(entries) => {
                let entries = entries.iter();
                let entries: Vec<String> = entries
                    .map(|(key, value)| format!("{key}: {}", value.in_brackets()))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::in_brackets).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }
}

fn new_line(column: usize, out: &mut String) {
    out.push('\n');
    out.push_str(&" ".repeat(column));
}
