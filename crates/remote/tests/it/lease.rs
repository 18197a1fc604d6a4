//! Who is not heard of for the length of the lease is given up, on both sides.

use std::time::Duration;

use towpath_model::workspace::{Workspace, WorkspaceError};
use towpath_remote::Timing;
use towpath_testkit::workspace_suite::{sh, unique_seconds, until_gone, until_running};

use crate::endpoint::{Place, Worker, timing};

fn short() -> Timing {
    Timing {
        lease: Duration::from_secs(1),
        ..timing()
    }
}

/// The error of a command without an end, once `then` was done while it ran.
async fn error_after(place: &Place, seconds: &str, then: impl AsyncFnOnce()) -> WorkspaceError {
    let command = sh(&format!("setsid sleep {seconds} & sleep {seconds}"));
    let mut output = |_: &[u8]| {};
    let then = async {
        until_running(seconds, 2).await;
        then().await;
    };
    let running = place.workspace().exec(&command, &mut output);
    tokio::join!(running, then).0.unwrap_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_cut_off_ends_what_it_runs() {
    let mut place = Place::new(short()).await;
    let seconds = unique_seconds(201);
    let proxy = place.proxy.clone();
    let error = error_after(&place, &seconds, async || proxy.close()).await;
    assert!(matches!(error, WorkspaceError::Lost(_)), "{error}");
    assert_eq!(error.to_string(), "nothing was heard of its worker for 1 s");
    place.worker.ended().await;
    until_gone(&seconds).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_worker_is_killed_is_lost_and_its_commands_end() {
    let place = Place::new(short()).await;
    let seconds = unique_seconds(202);
    let pid = place.worker.id();
    let error = error_after(&place, &seconds, async || kill(pid)).await;
    assert!(matches!(error, WorkspaceError::Lost(_)), "{error}");
    until_gone(&seconds).await;
}

fn kill(pid: u32) {
    let killed = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
}

/// A worker that was started again knows nothing of what the first one had begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_worker_cannot_go_on_in_the_middle() {
    let place = Place::new(timing()).await;
    let seconds = unique_seconds(203);
    let url = format!("http://{}/work/v1/{}", place.proxy.address(), place.job());
    let mut second = None;
    let error = error_after(&place, &seconds, async || {
        second = Some(Worker::start(&url, &place.outside().join("second")));
    })
    .await;
    assert!(error.to_string().contains("started again"), "{error}");
    assert!(second.unwrap().ended().await.success());
    until_gone(&seconds).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_of_no_job_ends() {
    let place = Place::new(timing()).await;
    let url = format!("http://{}/work/v1/none", place.proxy.address());
    let mut stray = Worker::start(&url, &place.outside().join("stray"));
    assert!(stray.ended().await.success());
    place.close().await;
}
