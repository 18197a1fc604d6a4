use std::collections::BTreeMap;
use std::path::Path;

use tokio::io::AsyncReadExt;
use towpath_model::workspace::{Command, Exit};
use towpath_sandbox::{Sandbox, Spec};

use crate::support::{
    host, output, run, run_command, sandbox, sh, spec, unique_seconds, until_gone, until_running,
};

#[tokio::test]
async fn both_outputs_keep_their_order() {
    let script = "i=0; while [ $i -lt 400 ]; do echo $i; i=$((i+1)); echo $i >&2; i=$((i+1)); done";
    let expected: String = (0..400).map(|i| format!("{i}\n")).collect();
    assert_eq!(output(&sandbox().await, script).await, expected);
}

#[tokio::test]
async fn the_environment_is_what_was_given() {
    let env = BTreeMap::from([
        ("A".into(), "1 = 2\n3".into()),
        ("EMPTY".into(), String::new()),
    ]);
    let argv = vec!["/usr/bin/env".into(), "-0".into()];
    let command = Command {
        argv,
        env,
        working_dir: Some("/usr".into()),
        timeout: None,
    };
    let (said, _) = run_command(&sandbox().await, &command).await;
    assert_eq!(said, "A=1 = 2\n3\0EMPTY=\0");
}

#[tokio::test]
async fn exits_are_told_apart() {
    let sandbox = sandbox().await;
    for (script, expected) in [
        ("exit 0", Exit::Code(0)),
        ("exit 7", Exit::Code(7)),
        ("kill -TERM $$", Exit::Signal(15)),
        ("kill -KILL $$", Exit::Signal(9)),
    ] {
        assert_eq!(
            run(&sandbox, script).await,
            (String::new(), expected),
            "{script}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_run_says_so() {
    let sandbox = sandbox().await;
    let command = |argv: &[&str], working_dir: &str| Command {
        argv: argv.iter().map(ToString::to_string).collect(),
        working_dir: Some(working_dir.into()),
        ..sh("")
    };
    for (command, exit, words) in [
        (
            command(&["no-such-program"], "/"),
            Exit::Code(127),
            "no-such-program: command not found",
        ),
        (
            command(&["/etc/passwd"], "/"),
            Exit::Code(126),
            "cannot run /etc/passwd: Permission denied",
        ),
        (
            command(&["true"], "/no/such/folder"),
            Exit::Code(126),
            "/no/such/folder",
        ),
        (command(&[], "/"), Exit::Code(127), "empty command"),
        (
            command(&["true", "a\0b"], "/"),
            Exit::Code(126),
            "zero byte",
        ),
    ] {
        let (said, ended) = run_command(&sandbox, &command).await;
        assert_eq!(ended, exit, "{said}");
        assert!(
            said.starts_with("towpath: ") && said.contains(words),
            "{said}"
        );
    }
}

#[tokio::test]
async fn signals_are_as_programs_expect_them() {
    let sandbox = sandbox().await;
    // Neither ignored nor blocked.
    let status = output(
        &sandbox,
        "grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -s '\\t\\n' '  '",
    )
    .await;
    assert_eq!(
        status.trim(),
        "SigBlk: 0000000000000000 SigIgn: 0000000000000000"
    );
    let process = sandbox
        .exec(&sh("trap 'exit 3' TERM; while :; do sleep 0.01; done"))
        .await
        .unwrap();
    towpath_testkit::eventually_async("the trap", async || {
        process.signal(15);
        tokio::time::timeout(std::time::Duration::from_millis(20), process.wait())
            .await
            .ok()
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn dropping_a_command_kills_all_that_it_started_and_nothing_else() {
    let sandbox = sandbox().await;
    let (doomed, kept) = (unique_seconds(1), unique_seconds(2));
    let other = sandbox
        .exec(&sh(&format!("setsid sleep {kept} & sleep {kept}")))
        .await
        .unwrap();
    let script = format!("setsid sh -c 'setsid sleep {doomed} & sleep {doomed}' & sleep {doomed}");
    let process = sandbox.exec(&sh(&script)).await.unwrap();
    until_running(&doomed, 3).await;
    until_running(&kept, 2).await;
    drop(process);
    until_gone(&doomed).await;
    until_running(&kept, 2).await;
    drop(other);
    until_gone(&kept).await;
    assert_eq!(output(&sandbox, "echo still here").await, "still here\n");
}

#[tokio::test]
async fn dropping_the_sandbox_kills_everything() {
    let sandbox = sandbox().await;
    let seconds = unique_seconds(3);
    let process = sandbox
        .exec(&sh(&format!("setsid sleep {seconds} & sleep {seconds}")))
        .await
        .unwrap();
    until_running(&seconds, 2).await;
    drop(sandbox);
    until_gone(&seconds).await;
    assert!(process.wait().await.is_err());
}

#[tokio::test]
async fn what_runs_in_the_background_outlives_its_command() {
    let sandbox = sandbox().await;
    let mut process = sandbox
        .exec(&sh("(sleep 0.3; echo late) & echo early"))
        .await
        .unwrap();
    assert!(process.wait().await.unwrap().success());
    let mut said = String::new();
    process.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "early\nlate\n");
}

#[tokio::test]
async fn orphans_are_collected() {
    let sandbox = sandbox().await;
    let process = sandbox
        .exec(&sh(
            "for i in 1 2 3 4 5; do (sleep 0.01 &) ; done; sleep 0.2",
        ))
        .await
        .unwrap();
    process.wait().await.unwrap();
    drop(process);
    towpath_testkit::eventually_async("no zombie to be left", async || {
        let states = output(&sandbox, "cat /proc/[0-9]*/stat | sed 's/.*) //' | cut -c1").await;
        (!states.contains('Z')).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_large_command_and_a_lot_of_output_get_through() {
    let sandbox = sandbox().await;
    let env = BTreeMap::from([
        ("BIG".into(), "x".repeat(120_000)),
        ("PATH".into(), "/usr/bin:/bin".into()),
    ]);
    let (said, exit) = run_command(
        &sandbox,
        &Command {
            env,
            ..sh("printf %s \"$BIG\" | wc -c; head -c 3000000 /dev/zero | tr '\\0' y")
        },
    )
    .await;
    assert!(exit.success());
    assert_eq!(said.len(), 3_000_000 + "120000\n".len());
}

#[tokio::test]
async fn many_commands_run_at_once() {
    let sandbox = &sandbox().await;
    let mut running = Vec::new();
    for number in 0..50 {
        running.push((
            number,
            sandbox
                .exec(&sh(&format!("sleep 0.05; echo {number}; exit {number}")))
                .await
                .unwrap(),
        ));
    }
    for (number, mut process) in running {
        let mut said = String::new();
        process.read_to_string(&mut said).await.unwrap();
        assert_eq!(said, format!("{number}\n"));
        assert_eq!(process.wait().await.unwrap(), Exit::Code(number));
    }
}

#[tokio::test]
async fn the_host_name_is_its_own() {
    let spec = Spec {
        hostname: Some("pod-1".into()),
        ..spec(Path::new("/nonexistent"))
    };
    let sandbox = Sandbox::start(&host().await, spec).await.unwrap();
    assert_eq!(
        output(&sandbox, "cat /proc/sys/kernel/hostname").await,
        "pod-1\n"
    );
}

#[tokio::test]
async fn an_isolated_network_has_only_loopback() {
    let spec = Spec {
        network: towpath_sandbox::Network::Isolated,
        ..spec(Path::new("/nonexistent"))
    };
    let sandbox = Sandbox::start(&host().await, spec).await.unwrap();
    let said = output(
        &sandbox,
        "tail -n +3 /proc/net/dev | cut -d: -f1; cat /proc/net/if_inet6",
    )
    .await;
    assert_eq!(said.split_whitespace().next(), Some("lo"), "{said}");
    assert_eq!(said.lines().filter(|line| line.contains("eth")).count(), 0);
}
