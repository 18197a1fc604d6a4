use std::path::Path;

use towpath_runner::{Archives, Progress, buildspec, run_build};
use towpath_testkit::eventually;

use crate::cases::context;
use crate::workspace::TestWorkspace;

#[test]
fn dropping_the_build_ends_it() {
    let text =
        "version: 0.2\nphases: {build: {commands: [echo $$ >pid, exec sleep 600, echo never]}}\n";
    let program = buildspec::parse("buildspec.yml", text).unwrap();
    let workspace = TestWorkspace::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (started, mut is_started) = tokio::sync::mpsc::unbounded_channel();
    let mut progress = |event| {
        if let Progress::CommandStarted { index: 1, .. } = event {
            started.send(()).unwrap();
        }
    };
    let context = context();
    let mut log = |_: &[u8]| {};
    let archives = Archives {
        source: Path::new("source.zip"),
        artifact: Path::new("artifact.zip"),
    };
    runtime.block_on(async {
        let build = run_build(
            &workspace,
            &program,
            &context,
            archives,
            &mut log,
            &mut progress,
        );
        tokio::select! {
            _ = build => panic!("the build ended by itself"),
            _ = is_started.recv() => {}
        }
    });
    let pid = workspace.read_source("pid").unwrap();
    let process = format!("/proc/{}", pid.trim());
    eventually("the command's end", || is_gone(&process).then_some(()));
}

/// A zombie has ended too: the runtime that would reap it may be gone.
fn is_gone(process: &str) -> bool {
    match std::fs::read_to_string(format!("{process}/stat")) {
        Ok(stat) => stat.contains(") Z "),
        Err(_) => true,
    }
}
