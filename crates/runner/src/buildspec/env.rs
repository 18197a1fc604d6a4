use std::collections::BTreeMap;

use towpath_yaml::{Entry, Node, Reader};

use crate::Shell;

const UNSUPPORTED: [&str; 4] = [
    "parameter-store",
    "secrets-manager",
    "exported-variables",
    "git-credential-helper",
];

pub(super) fn read(reader: &mut Reader, node: &Node) -> (Shell, BTreeMap<String, String>) {
    let mut fields = reader.fields(node, "`env`");
    let shell = fields
        .take("shell")
        .map(|node| shell(reader, node))
        .unwrap_or_default();
    let variables = fields
        .take("variables")
        .map(|node| variables(reader, node))
        .unwrap_or_default();
    reader.unsupported(&mut fields, &UNSUPPORTED);
    reader.finish(fields);
    (shell, variables)
}

fn shell(reader: &mut Reader, node: &Node) -> Shell {
    match reader.string(node, "`env.shell`") {
        Some("bash") => Shell::Bash,
        Some("/bin/sh") | None => Shell::Sh,
        Some(other) => {
            let message =
                format!("`env.shell`: `{other}` is not supported, expected `bash` or `/bin/sh`");
            reader.problem(node, message);
            Shell::Sh
        }
    }
}

fn variables(reader: &mut Reader, node: &Node) -> BTreeMap<String, String> {
    let mut fields = reader.fields(node, "`env.variables`");
    fields
        .take_rest()
        .into_iter()
        .filter_map(|entry| variable(reader, entry))
        .collect()
}

/// A variable without a value is the empty string.
fn variable(reader: &mut Reader, entry: &Entry) -> Option<(String, String)> {
    let name = entry.name();
    check_name(reader, entry);
    let value = match entry.value.is_null() {
        true => "",
        false => reader.text(&entry.value, &format!("`env.variables.{name}`"))?,
    };
    if value.contains('\0') {
        reader.problem(
            &entry.value,
            format!("`env.variables.{name}`: a NUL cannot be in an environment"),
        );
    }
    Some((name.to_owned(), value.to_owned()))
}

fn check_name(reader: &mut Reader, entry: &Entry) {
    let name = entry.name();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        let message = format!(
            "`{name}` is not the name of a variable: letters, digits and _, no digit first"
        );
        reader.problem(&entry.key, message);
    } else if name.starts_with("CODEBUILD_") {
        reader.problem(
            &entry.key,
            format!("`{name}`: names that begin with CODEBUILD_ are reserved"),
        );
    }
}
