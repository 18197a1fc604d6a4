use std::collections::BTreeMap;
use std::path::PathBuf;

use tokio::io::AsyncReadExt;
use towpath_model::workspace::{Command, Exit};
use towpath_sandbox::{Host, HostRoot, InitProgram, RootFs, Sandbox, Spec};

pub(crate) async fn host() -> Host {
    let host = Host::detect(InitProgram::new(env!("CARGO_BIN_EXE_towpath-init"))).await;
    host.sandbox().expect("this machine allows sandboxes");
    host
}

pub(crate) fn host_root(home: impl Into<PathBuf>) -> Spec {
    Spec::new(RootFs::Host(HostRoot {
        home: home.into(),
        hide: Vec::new(),
        scratch: None,
    }))
}

pub(crate) fn sh(script: &str) -> Command {
    Command {
        argv: ["/bin/sh", "-c", script].map(String::from).into(),
        env: BTreeMap::from([(
            "PATH".into(),
            "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".into(),
        )]),
        working_dir: None,
        timeout: None,
    }
}

/// Everything that a script prints, and how it ends.
pub(crate) async fn run(sandbox: &Sandbox, script: &str) -> (String, Exit) {
    let mut process = sandbox.exec(&sh(script)).await.unwrap();
    let mut output = String::new();
    process.read_to_string(&mut output).await.unwrap();
    (output, process.wait().await.unwrap())
}
