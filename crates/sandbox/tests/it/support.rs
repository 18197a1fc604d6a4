use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use towpath_model::workspace::{Command, Exit};
use towpath_sandbox::{Host, HostRoot, InitProgram, Layers, Mount, RootFs, Sandbox, Spec};

/// Names the copy of the init program that a plain user may read.
pub(crate) const INIT: &str = "TOWPATH_TEST_INIT";

pub(crate) fn init_program() -> InitProgram {
    let built = PathBuf::from(env!("CARGO_BIN_EXE_towpath-init"));
    InitProgram::new(std::env::var_os(INIT).map_or(built, PathBuf::from))
}

pub(crate) async fn host() -> Host {
    let host = Host::detect(init_program()).await;
    host.sandbox().expect("this machine allows sandboxes");
    host
}

pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// A folder on a disk, not in /tmp, which a sandbox has for itself.
pub(crate) fn disk_folder() -> TempDir {
    TempDir::new_in("/var/tmp").unwrap()
}

pub(crate) fn spec(home: &Path) -> Spec {
    spec_hiding(home, Vec::new())
}

pub(crate) fn spec_hiding(home: &Path, hide: Vec<PathBuf>) -> Spec {
    Spec::new(RootFs::Host(HostRoot {
        home: home.to_owned(),
        hide,
        scratch: None,
    }))
}

/// A sandbox over the machine's tools with an empty home.
pub(crate) async fn sandbox() -> Sandbox {
    Sandbox::start(&host().await, spec(Path::new("/nonexistent")))
        .await
        .unwrap()
}

/// Image layers in a temporary folder.
pub(crate) struct Image {
    folder: TempDir,
    layers: Vec<PathBuf>,
}

impl Image {
    /// Of no layers yet.
    pub(crate) fn new() -> Self {
        let folder = disk_folder();
        for name in ["upper", "work"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self {
            folder,
            layers: Vec::new(),
        }
    }

    /// With a shell, as /bin/sh and busybox' other programs.
    pub(crate) fn with_busybox() -> Option<Self> {
        let busybox = towpath_testkit::require("busybox")?;
        let mut image = Self::new();
        let layer = image.add_layer();
        fs::create_dir_all(layer.join("bin")).unwrap();
        fs::copy(busybox, layer.join("bin/busybox")).unwrap();
        for name in [
            "sh", "cat", "ls", "rm", "mkdir", "mv", "id", "echo", "touch", "chown", "mount", "grep",
        ] {
            std::os::unix::fs::symlink("busybox", layer.join("bin").join(name)).unwrap();
        }
        Some(image)
    }

    /// On top of the others.
    pub(crate) fn add_layer(&mut self) -> PathBuf {
        let layer = self
            .folder
            .path()
            .join(format!("layer{}", self.layers.len()));
        fs::create_dir(&layer).unwrap();
        self.layers.push(layer.clone());
        layer
    }

    pub(crate) fn upper(&self) -> PathBuf {
        self.folder.path().join("upper")
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn spec(&self) -> Spec {
        Spec::new(RootFs::Layers(Layers {
            lower: self.layers.iter().rev().cloned().collect(),
            upper: self.upper(),
            work: self.folder.path().join("work"),
        }))
    }

    pub(crate) fn spec_with(&self, mounts: Vec<Mount>) -> Spec {
        Spec {
            mounts,
            ..self.spec()
        }
    }

    /// Removes what the sandbox has made, which a plain user's [`TempDir`] cannot.
    pub(crate) async fn remove(self, host: &Host) {
        towpath_sandbox::remove_tree(host, self.folder.path())
            .await
            .unwrap();
    }
}

pub(crate) use towpath_testkit::workspace_suite::{
    processes_with, sh, unique_seconds, until_gone, until_running,
};

/// Everything that a script prints, and how it ends.
pub(crate) async fn run(sandbox: &Sandbox, script: &str) -> (String, Exit) {
    run_command(sandbox, &sh(script)).await
}

pub(crate) async fn run_command(sandbox: &Sandbox, command: &Command) -> (String, Exit) {
    let mut process = sandbox.exec(command).await.unwrap();
    let mut output = String::new();
    process.read_to_string(&mut output).await.unwrap();
    (output, process.wait().await.unwrap())
}

/// What a script prints that must not fail.
pub(crate) async fn output(sandbox: &Sandbox, script: &str) -> String {
    let (output, exit) = run(sandbox, script).await;
    assert!(exit.success(), "{script}: {exit}\n{output}");
    output
}
