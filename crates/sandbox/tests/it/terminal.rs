//! Commands that somebody sits at, with a terminal of the sandbox's own.

use std::time::Duration;

use towpath_model::workspace::{Command, Exit};
use towpath_sandbox::{PlainWorkspace, Sandbox, SandboxError, Terminal, TerminalSize};

use crate::support::{disk_folder, host, sandbox, sh};

const SIZE: TerminalSize = TerminalSize {
    rows: 33,
    columns: 101,
};

async fn open(sandbox: &Sandbox, command: &Command) -> Terminal {
    sandbox.open_terminal(command, SIZE).await.unwrap()
}

/// What is to be seen until `wanted` is, or the end.
async fn seen(terminal: &Terminal, wanted: &str) -> String {
    let reading = async {
        let mut text = String::new();
        let mut chunk = [0; 1024];
        while !text.contains(wanted) {
            match terminal.read(&mut chunk).await.unwrap() {
                0 => break,
                count => text.push_str(&String::from_utf8_lossy(&chunk[..count])),
            }
        }
        text
    };
    let read = tokio::time::timeout(Duration::from_secs(20), reading).await;
    read.unwrap_or_else(|_| panic!("{wanted:?} was not seen"))
}

async fn typed(terminal: &Terminal, text: &[u8]) {
    assert_eq!(terminal.write(text).await.unwrap(), text.len());
}

#[tokio::test]
async fn a_terminal_has_a_name_and_a_size_and_is_the_sandboxs_own() {
    let sandbox = sandbox().await;
    let terminal = open(&sandbox, &sh("tty; stty size; ls /dev/pts; exit 3")).await;
    let text = seen(&terminal, "nothing").await;
    assert!(text.contains("/dev/pts/0\r\n33 101\r\n"), "{text}");
    assert!(
        text.contains("0  ptmx\r\n"),
        "no other terminal is there: {text}"
    );
    assert_eq!(terminal.wait().await.unwrap(), Exit::Code(3));
    sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_typed_arrives_and_the_size_follows_the_window() {
    let sandbox = sandbox().await;
    let script = "trap 'stty size' WINCH; echo ready; while read line; do echo got $line; done";
    let terminal = open(&sandbox, &sh(script)).await;
    seen(&terminal, "ready").await;
    terminal
        .resize(TerminalSize {
            rows: 50,
            columns: 132,
        })
        .unwrap();
    // A shell runs the trap when its read comes back.
    typed(&terminal, b"hello\n").await;
    let text = seen(&terminal, "got hello").await;
    assert!(text.contains("50 132"), "{text}");
    typed(&terminal, b"\x04").await;
    seen(&terminal, "nothing").await;
    assert_eq!(terminal.wait().await.unwrap(), Exit::Code(0));
}

#[tokio::test]
async fn a_shell_controls_its_jobs() {
    let sandbox = sandbox().await;
    let mut shell = sh("");
    shell.argv = ["/bin/sh", "-i"].map(String::from).into();
    let terminal = open(&sandbox, &shell).await;
    typed(&terminal, b"PS1='>'; echo rea''dy\n").await;
    let text = seen(&terminal, "ready").await;
    assert!(!text.contains("job control"), "{text}");
    // Ctrl-C ends the job and not the shell.
    typed(&terminal, b"sh -c 'echo wai\"\"ting; exec sleep 600'\n").await;
    seen(&terminal, "waiting").await;
    typed(&terminal, b"\x03").await;
    seen(&terminal, ">").await;
    typed(&terminal, b"echo status $?; exit\n").await;
    let text = seen(&terminal, "nothing").await;
    assert!(text.contains("status 130"), "{text}");
}

#[tokio::test]
async fn what_is_left_in_the_background_keeps_nobody() {
    let sandbox = sandbox().await;
    let terminal = open(&sandbox, &sh("setsid sleep 600 & sleep 600 & echo bye")).await;
    let text = seen(&terminal, "nothing").await;
    assert_eq!(text, "bye\r\n");
    assert_eq!(terminal.wait().await.unwrap(), Exit::Code(0));
}

#[tokio::test]
async fn a_dropped_terminal_ends_what_runs_at_it() {
    let sandbox = sandbox().await;
    let terminal = open(&sandbox, &sh("trap '' HUP; echo ready; sleep 600")).await;
    seen(&terminal, "ready").await;
    let ended = terminal.wait();
    drop(terminal);
    assert_eq!(ended.await.unwrap(), Exit::Signal(9));
}

#[tokio::test]
async fn a_command_that_is_not_there_says_so_at_its_terminal() {
    let sandbox = sandbox().await;
    let mut command = sh("");
    command.argv = vec!["no-such-program".to_owned()];
    let terminal = open(&sandbox, &command).await;
    let text = seen(&terminal, "nothing").await;
    assert!(
        text.contains("no-such-program: command not found"),
        "{text}"
    );
    assert_eq!(terminal.wait().await.unwrap(), Exit::Code(127));
}

#[tokio::test]
async fn an_ended_sandbox_has_no_terminals() {
    let sandbox = sandbox().await;
    let terminal = open(&sandbox, &sh("exec sleep 600")).await;
    let ended = terminal.wait();
    sandbox.stop().await.unwrap();
    seen(&terminal, "nothing").await;
    assert!(matches!(ended.await, Err(SandboxError::Ended)));
}

#[tokio::test]
async fn plain_workspaces_have_terminals_too() {
    let folder = disk_folder();
    let (host, work) = (host().await, folder.path().join("work"));
    let workspace = PlainWorkspace::start(&host, &work, &Default::default())
        .await
        .unwrap();
    let terminal = workspace
        .open_terminal(&sh("stty size; pwd"), SIZE)
        .await
        .unwrap();
    let text = seen(&terminal, "nothing").await;
    assert!(text.starts_with("33 101\r\n"), "{text}");
    assert!(text.contains("/work/source"), "{text}");
    drop(terminal);
    workspace.close().await.unwrap();
}
