//! People at a terminal elsewhere.

use std::time::Duration;

use tokio::time::timeout;
use towpath_model::workspace::Exit;
use towpath_remote::RemoteTerminal;
use towpath_sandbox::TerminalSize;
use towpath_testkit::workspace_suite::{run, sh, unique_seconds, until_gone, until_running};

use crate::endpoint::{Place, timing};

const PATIENCE: Duration = Duration::from_secs(30);
const SIZE: TerminalSize = TerminalSize {
    rows: 33,
    columns: 101,
};

/// Reads until this is to be seen; what was seen after it is not dropped only because it came early.
async fn sees(terminal: &RemoteTerminal, seen: &mut String, wanted: &str) {
    let mut chunk = [0; 4096];
    loop {
        if let Some(at) = seen.find(wanted) {
            seen.drain(..at + wanted.len());
            return;
        }
        let read = timeout(PATIENCE, terminal.read(&mut chunk)).await;
        match read.unwrap_or_else(|_| panic!("no {wanted:?} in {seen:?}")) {
            Ok(0) => panic!("it has ended: no {wanted:?} in {seen:?}"),
            Ok(count) => seen.push_str(&String::from_utf8_lossy(&chunk[..count])),
            Err(error) => panic!("{error}: no {wanted:?} in {seen:?}"),
        }
    }
}

/// Writing goes on only while somebody reads, as a session does.
async fn types(terminal: &RemoteTerminal, seen: &mut String, text: &str) {
    let mut typed = text.as_bytes();
    let mut chunk = [0; 4096];
    while !typed.is_empty() {
        tokio::select! {
            written = terminal.write(typed) => typed = &typed[written.unwrap()..],
            read = terminal.read(&mut chunk) => {
                seen.push_str(&String::from_utf8_lossy(&chunk[..read.unwrap()]));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_at_a_terminal_goes_on_behind_cuts() {
    let place = Place::new(timing()).await;
    let shell = sh("exec sh -i");
    let terminal = place.workspace().open_terminal(&shell, SIZE).await.unwrap();
    let mut seen = String::new();
    types(&terminal, &mut seen, "echo \"[$(stty size)]\"\n").await;
    sees(&terminal, &mut seen, "[33 101]").await;
    place.proxy.cut();
    terminal
        .resize(TerminalSize {
            rows: 44,
            columns: 111,
        })
        .unwrap();
    types(&terminal, &mut seen, "echo \"[$(stty size)]\"\n").await;
    sees(&terminal, &mut seen, "[44 111]").await;
    types(
        &terminal,
        &mut seen,
        "sh -c 'echo wai\"\"ting; exec sleep 600'\n",
    )
    .await;
    sees(&terminal, &mut seen, "waiting").await;
    types(&terminal, &mut seen, "\x03").await;
    types(&terminal, &mut seen, "echo \"after $?\"\n").await;
    sees(&terminal, &mut seen, "after 130").await;
    types(&terminal, &mut seen, "exit 7\n").await;
    let mut chunk = [0; 4096];
    while terminal.read(&mut chunk).await.unwrap() > 0 {}
    assert_eq!(terminal.wait().await.unwrap(), Exit::Code(7));
    assert_eq!(place.proxy.connections(), 2);
    place.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leaves_leaves_nothing_running() {
    let place = Place::new(timing()).await;
    let seconds = unique_seconds(204);
    let command = sh(&format!("setsid sleep {seconds} & sleep {seconds}"));
    let at_terminal = place.workspace().open_terminal(&command, SIZE).await;
    until_running(&seconds, 2).await;
    drop(at_terminal.unwrap());
    until_gone(&seconds).await;
    let without = place.workspace().start_command(&command).await;
    until_running(&seconds, 2).await;
    drop(without.unwrap());
    until_gone(&seconds).await;
    place.close().await;
}

/// A command that does not read what is typed holds up nobody else, and its keys do not pile up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_nobody_reads_hold_up_nobody() {
    let place = Place::new(timing()).await;
    let deaf = sh("stty raw -echo; echo deaf; sleep 600");
    let terminal = place.workspace().open_terminal(&deaf, SIZE).await.unwrap();
    let mut seen = String::new();
    sees(&terminal, &mut seen, "deaf").await;
    let keys = vec![b'x'; 1 << 20];
    let mut typed = 0;
    let typing = async {
        let mut chunk = [0; 4096];
        loop {
            tokio::select! {
                written = terminal.write(&keys) => typed += written.unwrap(),
                _read = terminal.read(&mut chunk) => {}
            }
        }
    };
    let command = sh("echo heard");
    let other = async {
        let mut said = Vec::new();
        for _ in 0..20 {
            said.push(run(place.workspace(), &command).await);
        }
        said
    };
    tokio::select! {
        () = typing => {}
        said = other => assert!(said.iter().all(|said| said == &("heard\n".to_owned(), Exit::Code(0)))),
    }
    assert!(typed < keys.len(), "{typed} keys were taken");
    drop(terminal);
    place.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_is_told_why_the_place_is_gone() {
    let place = Place::new(timing()).await;
    let shell = sh("exec sh -i");
    let terminal = place.workspace().open_terminal(&shell, SIZE).await.unwrap();
    let handle = place.workspace().handle();
    handle.end("its pod is gone");
    assert_eq!(handle.ended().await, "its pod is gone");
    let mut chunk = [0; 4096];
    let error = loop {
        match timeout(PATIENCE, terminal.read(&mut chunk)).await.unwrap() {
            Ok(0) => panic!("ended without a reason"),
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), "its pod is gone");
    drop(terminal);
    place.close().await;
}
