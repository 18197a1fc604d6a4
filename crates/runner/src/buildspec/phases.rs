use towpath_model::Diagnostic;
use towpath_yaml::{Kind, Node, Reader};

use crate::{CommandLine, OnFailure, Phase, PhaseName};

/// Commands of a build. The shell parses them all before it runs the first, and bash does so recursively.
const MOST_COMMANDS: usize = 5_000;

/// In the order in which they run, whatever the order in the file.
pub(super) fn read(reader: &mut Reader, node: &Node) -> Vec<Phase> {
    let mut fields = reader.fields(node, "`phases`");
    let mut phases = Vec::new();
    for name in PhaseName::ALL {
        if let Some(node) = fields.take(name.as_str()) {
            phases.push(phase(reader, name, node));
        }
    }
    reader.finish(fields);
    let count: usize = phases
        .iter()
        .map(|phase| phase.commands.len() + phase.finally.len())
        .sum();
    if count > MOST_COMMANDS {
        reader.problem(
            node,
            format!("{count} commands are too many, {MOST_COMMANDS} is the limit"),
        );
    }
    phases
}

fn phase(reader: &mut Reader, name: PhaseName, node: &Node) -> Phase {
    let what = format!("`phases.{name}`");
    let mut fields = reader.fields(node, &what);
    let phase = Phase {
        name,
        commands: fields
            .take("commands")
            .map(|node| commands(reader, node))
            .unwrap_or_default(),
        finally: fields
            .take("finally")
            .map(|node| commands(reader, node))
            .unwrap_or_default(),
        on_failure: fields
            .take("on-failure")
            .map(|node| on_failure(reader, node))
            .unwrap_or_default(),
    };
    reader.unsupported(&mut fields, &["run-as"]);
    if name == PhaseName::Install {
        reader.unsupported(&mut fields, &["runtime-versions"]);
    }
    reader.finish(fields);
    phase
}

fn commands(reader: &mut Reader, node: &Node) -> Vec<CommandLine> {
    reader
        .one_or_more(node)
        .iter()
        .filter_map(|item| command(reader, item))
        .collect()
}

fn command(reader: &mut Reader, node: &Node) -> Option<CommandLine> {
    let location = node.location(reader.file());
    if matches!(node.kind(), Kind::Mapping(_)) {
        // `- echo a: b`, the commonest mistake in a buildspec.
        let message = "expected a command, found a mapping";
        let help = "put the command in quotes: it has a colon and a space in it";
        reader.report(Diagnostic::new(location, message).help(help));
        return None;
    }
    let text = reader.text(node, "a command")?.to_owned();
    if text.contains('\0') {
        reader.problem(node, "a NUL cannot be in a command");
    }
    Some(CommandLine {
        text,
        location: Some(location),
    })
}

fn on_failure(reader: &mut Reader, node: &Node) -> OnFailure {
    match reader.string(node, "`on-failure`") {
        Some("ABORT") => OnFailure::Abort,
        Some("CONTINUE") => OnFailure::Continue,
        Some(retry) if retry.starts_with("RETRY") => {
            reader.problem(node, format!("`on-failure: {retry}` is not supported yet"));
            OnFailure::default()
        }
        Some(other) => {
            reader.problem(
                node,
                format!("`on-failure`: expected ABORT or CONTINUE, found `{other}`"),
            );
            OnFailure::default()
        }
        None => OnFailure::default(),
    }
}
