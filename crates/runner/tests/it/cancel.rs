use std::path::Path;

use towpath_model::workspace::Workspace as _;
use towpath_runner::{Archives, Progress, buildspec, run_build};
use towpath_testkit::eventually_async;

use crate::place::{context, plain, runtime, source_zip};

#[test]
fn dropping_the_build_ends_it() {
    let text =
        "version: 0.2\nphases: {build: {commands: [echo $$ >pid, exec sleep 600, echo never]}}\n";
    let program = buildspec::parse("buildspec.yml", text).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let source = source_zip(&folder, &[]);
    let archives = Archives {
        source: &source,
        artifact: Path::new("/nonexistent/artifact.zip"),
    };
    let (started, mut is_started) = tokio::sync::mpsc::unbounded_channel();
    let mut progress = |event| {
        if let Progress::CommandStarted { index: 1, .. } = event {
            started.send(()).unwrap();
        }
    };
    let (context, mut log) = (context(), |_: &[u8]| {});
    runtime().block_on(async {
        let workspace = plain(&folder.path().join("work")).await;
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
        let pid = std::fs::read_to_string(workspace.source_dir().join("pid")).unwrap();
        let process = format!("/proc/{}", pid.trim());
        eventually_async("the command's end", async || {
            (!Path::new(&process).exists()).then_some(())
        })
        .await;
        workspace.close().await.unwrap();
    });
}
