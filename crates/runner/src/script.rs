use std::fmt::Write as _;
use std::path::Path;

use crate::flow::{Position, Section};
use crate::marker::Nonce;
use crate::{Phase, Program, Shell};

/// What a script needs besides the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script<'a> {
    pub(crate) nonce: &'a Nonce,
    /// Where the shell keeps what the next one needs if this one ends early: exported variables, the working
    /// directory and, in bash, functions. As the shell sees it.
    pub(crate) state: &'a Path,
    /// None for the first shell of a build.
    pub(crate) resume: Option<Resume>,
}

/// How things stood when the last shell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resume {
    pub(crate) last_exit: i32,
    pub(crate) phase_failed: bool,
    pub(crate) build_failed: bool,
}

/// Writes the program from `start` on as one script, so that folders, variables, functions and traps last
/// from command to command. Pure: the same input gives the same text.
///
/// Each command is one `eval`: it may be any text, and a syntax error in it is its own. `set -a` is on, as in
/// CodeBuild, where an assignment in one command is in the environment of the next ones. Around a command
/// stand two markers; between them the script does nothing. All commands are one group, for the shell to
/// parse the script as a whole: bash 5.2 takes `{` for a word after an `eval` with a syntax error.
pub(crate) fn render(program: &Program, start: Position, script: &Script<'_>) -> String {
    let mut out = prologue(program.shell, script);
    out.push_str("{\n");
    for (index, phase) in program.phases.iter().enumerate().skip(start.phase) {
        let sections = match (index == start.phase, start.section) {
            (true, Section::Finally) => &[Section::Finally][..],
            _ => &[Section::Commands, Section::Finally],
        };
        for section in sections {
            let from = if index == start.phase && *section == start.section {
                start.index
            } else {
                0
            };
            render_section(
                &mut out,
                phase,
                Position {
                    phase: index,
                    section: *section,
                    index: from,
                },
            );
        }
        out.push_str(phase_end(phase));
    }
    out.push_str("}\n");
    out
}

fn render_section(out: &mut String, phase: &Phase, start: Position) {
    if start.section == Section::Finally {
        out.push_str("{ __towpath_set 0 \"$__towpath_failed\"; } 2>/dev/null\n");
    }
    for (index, command) in phase
        .section(start.section)
        .iter()
        .enumerate()
        .skip(start.index)
    {
        let position = Position { index, ..start };
        // The group's redirection keeps `set -x` of a command from tracing what is not the user's.
        let _ = writeln!(
            out,
            "if {{ __towpath_next {position}; }} 2>/dev/null; then eval {} 9>&-\n\
             {{ __towpath_end \"$?\" {position}; }} 2>/dev/null; fi",
            quoted(&command.text)
        );
    }
}

fn phase_end(phase: &Phase) -> &'static str {
    if phase.goes_on_after_failure() {
        "{ __towpath_set 0 0; } 2>/dev/null\n"
    } else {
        "{ [ \"$__towpath_failed\" = 0 ] || exit 0; __towpath_set 0 0; } 2>/dev/null\n"
    }
}

/// Markers go to a copy of stdout, so that a command's `exec >file` does not swallow them. A command does not
/// have the copy: a server that it leaves behind with its output elsewhere would keep the log open. Our variables are
/// set with `set -a` off, or they would be in every command's environment. `>|` because of `set -C`.
fn prologue(shell: Shell, script: &Script<'_>) -> String {
    let state = quoted(&script.state.to_string_lossy());
    let nonce = script.nonce.as_str();
    let functions = match shell {
        Shell::Bash => " declare -f;",
        Shell::Sh => "",
    };
    let resume = script
        .resume
        .map(|resume| restore(resume, &state))
        .unwrap_or_default();
    let failed = u8::from(script.resume.is_some_and(|resume| resume.phase_failed));
    format!(
        r#"exec 9>&1
{resume}__towpath_mark() {{ command printf '\033]7747;{nonce};%s\033\\' "$1" >&9 || exit 121; }}
__towpath_set() {{
case $- in
*a*) set +a; __towpath_skip=$1; __towpath_failed=$2; set -a ;;
*) __towpath_skip=$1; __towpath_failed=$2 ;;
esac
}}
__towpath_next() {{ [ "$__towpath_skip" = 0 ] && __towpath_mark "B;$1"; }}
__towpath_end() {{
CODEBUILD_LAST_EXIT=$1
if [ "$1" != 0 ]; then CODEBUILD_BUILD_SUCCEEDING=0; __towpath_set 1 1; fi
__towpath_save || :
__towpath_mark "E;$2;$1"
}}
__towpath_save() {{ {{ export -p;{functions} }} >|{state}; }}
__towpath_set 0 {failed}
export PWD
__towpath_save
set -a
"#
    )
}

fn restore(resume: Resume, state: &str) -> String {
    let Resume {
        last_exit,
        build_failed,
        ..
    } = resume;
    let succeeding = u8::from(!build_failed);
    format!(
        ". {state} 2>/dev/null\n\
         cd -- \"$PWD\" 2>/dev/null || cd -- \"$CODEBUILD_SRC_DIR\"\n\
         CODEBUILD_LAST_EXIT={last_exit}\n\
         CODEBUILD_BUILD_SUCCEEDING={succeeding}\n"
    )
}

/// One word for the shell, whatever is in it.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_a_script() {
        let text = "version: 0.2\nphases:\n  pre_build: {commands: [a]}\n  build: {commands: [b, c], finally: [f]}\n";
        let program = crate::buildspec::parse("buildspec.yml", text).unwrap();
        let nonce = Nonce("nonce".to_owned());
        let mut script = Script {
            nonce: &nonce,
            state: Path::new("/private/state"),
            resume: None,
        };
        let start: Position = "0c0".parse().unwrap();
        insta::assert_snapshot!("first_shell", render(&program, start, &script));
        script.resume = Some(Resume {
            last_exit: 2,
            phase_failed: true,
            build_failed: true,
        });
        let start: Position = "1f0".parse().unwrap();
        insta::assert_snapshot!("later_shell", render(&program, start, &script));
    }

    #[test]
    fn quotes_any_text() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's $x\n\\"), "'it'\\''s $x\n\\'");
        assert_eq!(quoted(""), "''");
    }
}
