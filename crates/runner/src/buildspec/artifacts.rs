use towpath_model::workspace::Selection;
use towpath_yaml::{Kind, Node, Reader};

use super::texts;
use crate::Artifacts;

const UNSUPPORTED: [&str; 3] = ["enable-symlinks", "s3-prefix", "secondary-artifacts"];

pub(super) fn read(reader: &mut Reader, node: &Node) -> Option<Artifacts> {
    let mut fields = reader.fields(node, "`artifacts`");
    let files = match fields.take("files") {
        Some(files) => texts(reader, files, "`artifacts.files`"),
        None => {
            reader.problem(
                node,
                "`artifacts.files` is missing: it says which files are kept",
            );
            Vec::new()
        }
    };
    let text = |reader: &mut Reader, node: Option<&Node>, what: &str| {
        node.and_then(|node| reader.text(node, what))
            .map(str::to_owned)
    };
    let base_dir = text(
        reader,
        fields.take("base-directory"),
        "`artifacts.base-directory`",
    );
    let name = text(reader, fields.take("name"), "`artifacts.name`");
    let exclude = fields
        .take("exclude-paths")
        .map(|node| texts(reader, node, "`artifacts.exclude-paths`"));
    let discard_paths = fields
        .take("discard-paths")
        .is_some_and(|node| yes_or_no(reader, node));
    reader.unsupported(&mut fields, &UNSUPPORTED);
    reader.finish(fields);
    let selection = Selection {
        files,
        base_dir,
        exclude: exclude.unwrap_or_default(),
        discard_paths,
    };
    Some(Artifacts { selection, name })
}

/// The reference writes `no | yes`, people also write booleans.
fn yes_or_no(reader: &mut Reader, node: &Node) -> bool {
    match node.kind() {
        Kind::Bool(value) => value,
        Kind::String(text) if text.eq_ignore_ascii_case("yes") => true,
        Kind::String(text) if text.eq_ignore_ascii_case("no") => false,
        _ => {
            reader.wrong_kind(node, "`artifacts.discard-paths`", "yes or no");
            false
        }
    }
}
