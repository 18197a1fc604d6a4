//! What a `RUN` runs. Pure.

use super::state::State;
use crate::dockerfile::{CommandLine, Run};
use crate::parse::is_lone_heredoc;

/// Where a heredoc that names its own interpreter is found by it.
pub(crate) const SCRIPT: &str = "/dev/towpath/script";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunCommand {
    pub(crate) argv: Vec<String>,
    /// Content of the file at [`SCRIPT`].
    pub(crate) script: Option<String>,
}

/// A `RUN <<EOF` is the document: run as a program when it begins with `#!`, else by the shell. Where there is
/// more than that, the shell gets the documents as they were written (Dockerfile reference, "Here-Documents").
pub(crate) fn command(state: &State, run: &Run) -> RunCommand {
    let shell = |text: String| RunCommand {
        argv: state.argv(&CommandLine::Shell(text)),
        script: None,
    };
    match (&run.command, run.heredocs.as_slice()) {
        (CommandLine::Shell(text), [document]) if is_lone_heredoc(text) => {
            let body = document.body();
            if body.starts_with("#!") {
                RunCommand {
                    argv: vec![SCRIPT.to_owned()],
                    script: Some(body),
                }
            } else {
                shell(body)
            }
        }
        (CommandLine::Shell(text), documents) => {
            let documents = documents
                .iter()
                .map(|document| format!("\n{}{}", document.content, document.name));
            shell(std::iter::once(text.clone()).chain(documents).collect())
        }
        (command @ CommandLine::Exec(_), _) => RunCommand {
            argv: state.argv(command),
            script: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::Instruction;

    fn command_of(text: &str) -> RunCommand {
        let dockerfile = crate::parse("Dockerfile", &format!("FROM scratch\n{text}")).unwrap();
        let Instruction::Run(run) = &dockerfile.stages[0].steps[0].instruction else {
            panic!("{text}")
        };
        command(&State::scratch(), run)
    }

    #[test]
    fn heredocs_are_scripts_or_parts_of_one() {
        let cases: &[(&str, &[&str], Option<&str>)] = &[
            ("RUN a b", &["/bin/sh", "-c", "a b"], None),
            (r#"RUN ["a", "b"]"#, &["a", "b"], None),
            ("RUN <<E\na\nb\nE", &["/bin/sh", "-c", "a\nb\n"], None),
            ("RUN <<-E\n\ta\nE", &["/bin/sh", "-c", "a\n"], None),
            ("RUN <<E\n#!/bin/x\na\nE", &[SCRIPT], Some("#!/bin/x\na\n")),
            (
                "RUN cat <<E >f\na\nE",
                &["/bin/sh", "-c", "cat <<E >f\na\nE"],
                None,
            ),
            (
                "RUN sh <<A && cat <<B\na\nA\nb\nB",
                &["/bin/sh", "-c", "sh <<A && cat <<B\na\nA\nb\nB"],
                None,
            ),
        ];
        for (text, argv, script) in cases {
            let got = command_of(text);
            assert_eq!(got.argv, *argv, "{text}");
            assert_eq!(got.script.as_deref(), *script, "{text}");
        }
    }
}
