//! What every [`Workspace`] has to do: one suite for all of them. [`workspace_conformance!`] makes tests of it.
//!
//! The second argument of each case is a folder outside of the workspace.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use towpath_model::workspace::{Command, Exit, Selection, Workspace, WorkspaceError};

/// One test for each case, in a module `$name`. `$place` is an async function that gives something with
/// `workspace(&self) -> &impl Workspace`, `outside(&self) -> &Path` and `async close(self)`, or None when it
/// cannot be had here.
#[macro_export]
macro_rules! workspace_conformance {
    ($name:ident, $place:path) => {
        $crate::workspace_conformance!(
            $name, $place:
            commands_run_in_the_source_folder,
            output_comes_as_it_is_written,
            a_time_out_kills_the_tree,
            a_dropped_exec_kills_the_tree,
            what_is_left_in_the_background_ends_with_the_command,
            the_environment_is_given,
            private_files_go_both_ways,
            private_paths_and_links_stay_inside,
            artifacts_come_in_and_go_out,
        );
    };
    ($name:ident, $place:path: $($case:ident),* $(,)?) => {
        mod $name {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let Some(place) = $place().await else { return };
                $crate::workspace_suite::$case(place.workspace(), place.outside()).await;
                place.close().await;
            })*
        }
    };
}

/// A shell command with a usual PATH.
#[must_use]
pub fn sh(script: &str) -> Command {
    let path = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
    Command {
        argv: ["/bin/sh", "-c", script].map(String::from).into(),
        env: BTreeMap::from([("PATH".into(), path.into())]),
        working_dir: None,
        timeout: None,
    }
}

pub async fn run(workspace: &impl Workspace, command: &Command) -> (String, Exit) {
    let mut said = Vec::new();
    let mut output = |chunk: &[u8]| said.extend_from_slice(chunk);
    let exit = workspace.exec(command, &mut output).await.unwrap();
    (String::from_utf8(said).unwrap(), exit)
}

pub async fn commands_run_in_the_source_folder(workspace: &impl Workspace, _: &Path) {
    let (said, exit) = run(workspace, &sh("pwd; touch made; ls; id -u > /dev/null")).await;
    assert_eq!(exit, Exit::Code(0));
    assert_eq!(
        said,
        format!("{}\nmade\n", workspace.source_dir().display())
    );
    let elsewhere = Command {
        working_dir: Some("/usr".into()),
        ..sh("pwd")
    };
    assert_eq!(run(workspace, &elsewhere).await.0, "/usr\n");
    assert_eq!(
        run(workspace, &sh("cat made; exit 3")).await.1,
        Exit::Code(3)
    );
}

pub async fn output_comes_as_it_is_written(workspace: &impl Workspace, _: &Path) {
    let mut chunks = Vec::new();
    let mut output = |chunk: &[u8]| chunks.push(String::from_utf8(chunk.to_vec()).unwrap());
    let script = "echo out; echo err >&2; sleep 0.1; echo out";
    workspace.exec(&sh(script), &mut output).await.unwrap();
    assert!(chunks.len() >= 2, "{chunks:?}");
    assert_eq!(chunks.concat(), "out\nerr\nout\n");
}

pub async fn a_time_out_kills_the_tree(workspace: &impl Workspace, _: &Path) {
    let seconds = unique_seconds(100);
    let script = format!("setsid sleep {seconds} & echo before; sleep {seconds}");
    let command = Command {
        timeout: Some(Duration::from_millis(300)),
        ..sh(&script)
    };
    let (said, exit) = run(workspace, &command).await;
    assert_eq!((said.as_str(), exit), ("before\n", Exit::TimedOut));
    until_gone(&seconds).await;
}

pub async fn a_dropped_exec_kills_the_tree(workspace: &impl Workspace, _: &Path) {
    let seconds = unique_seconds(101);
    let command = sh(&format!("setsid sleep {seconds} & sleep {seconds}"));
    let mut output = |_: &[u8]| {};
    tokio::select! {
        _ = workspace.exec(&command, &mut output) => unreachable!(),
        () = until_running(&seconds, 2) => {}
    }
    until_gone(&seconds).await;
    assert_eq!(run(workspace, &sh("echo next")).await.0, "next\n");
}

pub async fn what_is_left_in_the_background_ends_with_the_command(
    workspace: &impl Workspace,
    _: &Path,
) {
    let seconds = unique_seconds(102);
    let (said, exit) = run(
        workspace,
        &sh(&format!("setsid sleep {seconds} & echo done")),
    )
    .await;
    assert_eq!((said.as_str(), exit), ("done\n", Exit::Code(0)));
    until_gone(&seconds).await;
}

pub async fn the_environment_is_given(workspace: &impl Workspace, _: &Path) {
    let command = Command {
        argv: vec!["/usr/bin/env".into()],
        ..sh("")
    };
    let path = &command.env["PATH"];
    assert_eq!(run(workspace, &command).await.0, format!("PATH={path}\n"));
}

pub async fn private_files_go_both_ways(workspace: &impl Workspace, _: &Path) {
    let path = workspace
        .write("bin/tool", 0o755, b"#!/bin/sh\necho ran $1\n")
        .await
        .unwrap();
    let tool = path.display();
    assert_eq!(
        run(workspace, &sh(&format!("{tool} it; ls"))).await.0,
        "ran it\n"
    );
    let back = path.parent().unwrap().join("back");
    run(
        workspace,
        &sh(&format!("printf 123456 > {}", back.display())),
    )
    .await;
    assert_eq!(
        workspace.read("bin/back", 4).await.unwrap().unwrap(),
        b"1234"
    );
    assert_eq!(workspace.read("bin/none", 4).await.unwrap(), None);
    workspace.write("bin/back", 0o600, b"again").await.unwrap();
    assert_eq!(
        workspace.read("bin/back", 100).await.unwrap().unwrap(),
        b"again"
    );
}

pub async fn private_paths_and_links_stay_inside(workspace: &impl Workspace, outside: &Path) {
    for path in ["../x", "/x", "a/../../x", ""] {
        let refused = workspace.write(path, 0o644, b"").await;
        assert!(matches!(refused, Err(WorkspaceError::Refused(_))), "{path}");
        assert!(
            matches!(
                workspace.read(path, 1).await,
                Err(WorkspaceError::Refused(_))
            ),
            "{path}"
        );
    }
    let secret = outside.join("secret");
    fs::write(&secret, "secret").unwrap();
    let private = workspace.write("mark", 0o644, b"").await.unwrap();
    let private = private.parent().unwrap().display().to_string();
    let links = format!(
        "cd {private} && ln -s {} link && ln -s {} folder && mkfifo pipe",
        secret.display(),
        outside.display()
    );
    assert_eq!(run(workspace, &sh(&links)).await.1, Exit::Code(0));
    for path in ["link", "folder/secret", "pipe"] {
        assert!(
            !matches!(workspace.read(path, 10).await, Ok(Some(_))),
            "{path}"
        );
    }
    assert!(workspace.write("folder/new", 0o644, b"").await.is_err());
    workspace.write("link", 0o644, b"mine").await.unwrap();
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
    assert!(!outside.join("new").exists());
}

pub async fn artifacts_come_in_and_go_out(workspace: &impl Workspace, outside: &Path) {
    run(workspace, &sh("mkdir out && echo '#!/bin/sh\necho hi' > out/run && chmod 755 out/run && echo x > skip")).await;
    let selection = Selection {
        files: vec!["**/*".into()],
        base_dir: Some("out".into()),
        ..Selection::default()
    };
    let archive = outside.join("out.zip");
    let packed = workspace.pack(&selection, &archive).await.unwrap();
    assert_eq!(packed.files, 1);
    workspace.unpack(&archive).await.unwrap();
    assert_eq!(run(workspace, &sh("./run")).await.0, "hi\n");
    let nothing = Selection {
        files: vec!["no/such/**".into()],
        ..Selection::default()
    };
    let refused = workspace.pack(&nothing, &outside.join("none.zip")).await;
    assert!(matches!(refused, Err(WorkspaceError::Refused(_))));
}

/// The processes of the machine that have this among their arguments.
pub fn processes_with(argument: &str) -> Vec<i32> {
    let argument = argument.as_bytes();
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).any(|word| word == argument)
        })
        .collect()
}

pub async fn until_running(argument: &str, count: usize) {
    crate::eventually_async("processes to start", async || {
        (processes_with(argument).len() == count).then_some(())
    })
    .await;
}

pub async fn until_gone(argument: &str) {
    crate::eventually_async("processes to end", async || {
        processes_with(argument).is_empty().then_some(())
    })
    .await;
}

/// A number of seconds to sleep that no other test uses, in no other run at this time.
pub fn unique_seconds(test: u32) -> String {
    format!("{}{test:03}", 1_000_000 + std::process::id())
}
