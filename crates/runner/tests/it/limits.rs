use std::time::{Duration, Instant};

use towpath_model::Outcome;
use towpath_runner::{BuildContext, Program, Progress, Shell, buildspec};

use crate::cases::plain;
use crate::place::{context, run};

fn spec(commands: &str) -> Program {
    let text = format!("version: 0.2\nphases:\n  build:\n    commands:\n{commands}");
    buildspec::parse("buildspec.yml", &text).unwrap()
}

#[test]
fn a_build_ends_at_its_time_out() {
    let context = BuildContext {
        timeout: Duration::from_millis(300),
        ..context()
    };
    let start = Instant::now();
    let ran = run(
        &spec("      - echo a\n      - exec sleep 60\n      - echo b\n"),
        &context,
    );
    assert!(start.elapsed() < Duration::from_secs(30));
    let reason =
        "phase build: the build timed out after 300 ms in `exec sleep 60` (buildspec.yml:6:9)";
    assert_eq!(
        ran.result.outcome,
        Outcome::Failed {
            reason: reason.to_owned()
        }
    );
    assert!(matches!(
        ran.progress.last(),
        Some(Progress::PhaseFinished { .. })
    ));
    assert!(plain(&ran.log).starts_with("$ echo a\na\n$ exec sleep 60\n"));
}

#[test]
fn a_build_goes_on_when_its_log_is_full() {
    let context = BuildContext {
        log_limit: 1000,
        ..context()
    };
    let ran = run(
        &spec("      - head -c 1000000 /dev/zero | tr '\\0' x\n      - echo after\n"),
        &context,
    );
    assert_eq!(ran.result.outcome, Outcome::Succeeded);
    assert!(ran.log.len() < 1200);
    assert!(ran.log.ends_with("the limit; the build goes on]\n"));
    let commands = ran
        .progress
        .iter()
        .filter(|p| matches!(p, Progress::CommandStarted { .. }))
        .count();
    assert_eq!(commands, 2);
}

#[test]
fn the_most_commands_are_one_shell() {
    let commands = "      - n=$((${n:-0}+1))\n".repeat(4_999);
    for shell in [Shell::Bash, Shell::Sh] {
        let mut program = spec(&format!("{commands}      - test $n = 4999\n"));
        program.shell = shell;
        assert_eq!(run(&program, &context()).result.outcome, Outcome::Succeeded);
    }
}

#[test]
fn a_shell_that_ends_at_once_is_a_failure_not_a_loop() {
    let mut program = spec("      - echo a\n");
    program.shell = Shell::Bash;
    let folder = tempfile::tempdir().unwrap();
    let startup = folder.path().join("startup.sh");
    std::fs::write(&startup, "exit 9").unwrap();
    program.env.insert(
        "BASH_ENV".to_owned(),
        startup.to_string_lossy().into_owned(),
    );
    let reason = "the shell bash ended before it ran a command: exit code 9".to_owned();
    assert_eq!(
        run(&program, &context()).result.outcome,
        Outcome::Failed { reason }
    );
}
