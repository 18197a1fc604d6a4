//! `buildspec.yml`, version 0.2. Source: AWS CodeBuild user guide, "Build specification reference".

mod artifacts;
mod env;
mod phases;

use towpath_model::{Diagnostic, Diagnostics, Location};
use towpath_yaml::{Fields, Kind, Node, Reader, Resolution, parse_1_2};

use crate::Program;

/// Reads a buildspec. `file` only names it in messages.
///
/// A key of the reference that Towpath cannot do yet is an error that says so; any other unknown key is an
/// error that names the nearest known one.
pub fn parse(file: &str, text: &str) -> Result<Program, Diagnostics> {
    // Version 3: in a buildspec `yes` as an environment variable is the text, not a boolean.
    let documents = parse_1_2(file, text, Resolution::GoYaml3)?;
    match documents.as_slice() {
        [document] if !document.root.is_null() => program(file, &document.root),
        [] | [_] => Err(at_start(file, "the buildspec is empty")
            .help("it needs `version` and `phases`")
            .into()),
        [_, second, ..] => {
            let message = "a second YAML document: a buildspec has one";
            Err(Diagnostic::new(second.root.location(file), message).into())
        }
    }
}

fn program(file: &str, root: &Node) -> Result<Program, Diagnostics> {
    let mut reader = Reader::new(file);
    let mut fields = reader.fields(root, "the buildspec");
    if !matches!(root.kind(), Kind::Mapping(_)) {
        return reader.into_result(Program::default());
    }
    version(&mut reader, &mut fields, root);
    let (shell, env) = match fields.take("env") {
        Some(node) => env::read(&mut reader, node),
        None => Default::default(),
    };
    let phases = match fields.take("phases") {
        Some(node) => phases::read(&mut reader, node),
        None => {
            reader.problem(root, "`phases` is missing: it holds the commands");
            Vec::new()
        }
    };
    let artifacts = fields
        .take("artifacts")
        .and_then(|node| artifacts::read(&mut reader, node));
    reader.unsupported(
        &mut fields,
        &["run-as", "proxy", "batch", "reports", "cache"],
    );
    reader.finish(fields);
    reader.into_result(Program {
        shell,
        env,
        phases,
        artifacts,
    })
}

fn version(reader: &mut Reader, fields: &mut Fields<'_>, root: &Node) {
    let Some(node) = fields.take("version") else {
        reader.problem(root, "`version` is missing: write `version: 0.2`");
        return;
    };
    match reader.text(node, "`version`") {
        Some("0.2") | None => {}
        Some("0.1") => reader.problem(
            node,
            "version 0.1 is not supported: it runs each command in a shell of its own; write `version: 0.2`",
        ),
        Some(other) => {
            let message = format!("version `{other}` is not known: write `version: 0.2`");
            reader.problem(node, message);
        }
    }
}

fn at_start(file: &str, message: &str) -> Diagnostic {
    Diagnostic::new(
        Location {
            file: file.to_owned(),
            line: 1,
            column: 1,
        },
        message,
    )
}

/// Texts of a list, or the one text in its place.
fn texts(reader: &mut Reader, node: &Node, what: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for item in reader.one_or_more(node) {
        texts.extend(reader.text(item, what).map(str::to_owned));
    }
    texts
}
