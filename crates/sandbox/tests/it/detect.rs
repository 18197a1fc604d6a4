use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use towpath_sandbox::{Host, InitProgram};

use crate::support::{disk_folder, processes_with, unique_seconds};

/// The clock goes on as soon as everybody waits.
#[tokio::test(start_paused = true)]
async fn an_init_program_that_hangs_is_a_lack() {
    let folder = disk_folder();
    let init = folder.path().join("init");
    let seconds = unique_seconds(40);
    fs::write(&init, format!("#!/bin/sh\nexec sleep {seconds}\n")).unwrap();
    fs::set_permissions(&init, Permissions::from_mode(0o755)).unwrap();
    let host = Host::detect(InitProgram::new(init)).await;
    let lack = host.sandbox().unwrap_err();
    assert!(lack.what.contains("within 10 s"), "{lack}");
    assert!(lack.remedy.contains("towpath-init"), "{lack}");
    // Its end is waited for as long again.
    tokio::task::yield_now().await;
    tokio::time::advance(Duration::from_secs(11)).await;
    towpath_testkit::eventually_async("it to be killed", async || {
        processes_with(&seconds).is_empty().then_some(())
    })
    .await;
}
