//! One suite for both workspaces.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use towpath_model::workspace::{Command, Exit, Selection, Workspace, WorkspaceError};
use towpath_sandbox::{Host, Limits, Network, PlainWorkspace, SandboxWorkspace, WorkspaceSpec};

use crate::support::{host, sh, unique_seconds, until_gone, until_running};

struct Place {
    folder: TempDir,
    host: Host,
}

impl Place {
    async fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            host: host().await,
        }
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    async fn sandboxed(&self) -> SandboxWorkspace {
        let spec = WorkspaceSpec {
            work: self.work(),
            home: "/nonexistent".into(),
            hide: vec![self.folder.path().to_owned()],
            limits: Limits::default(),
            network: Network::Host,
        };
        SandboxWorkspace::start(&self.host, spec).await.unwrap()
    }

    async fn plain(&self) -> PlainWorkspace {
        PlainWorkspace::start(&self.host, &self.work(), &Limits::default())
            .await
            .unwrap()
    }
}

/// Runs one case against both.
macro_rules! conformance {
    ($($case:ident),* $(,)?) => {
        mod sandboxed {
            $(#[tokio::test]
            async fn $case() {
                let place = super::Place::new().await;
                let workspace = place.sandboxed().await;
                super::$case(&workspace, place.folder.path()).await;
                workspace.close().await.unwrap();
                super::until_removed(&place).await;
            })*
        }
        mod plain {
            $(#[tokio::test]
            async fn $case() {
                let place = super::Place::new().await;
                let workspace = place.plain().await;
                super::$case(&workspace, place.folder.path()).await;
                workspace.close().await.unwrap();
                super::until_removed(&place).await;
            })*
        }
    };
}

conformance!(
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

async fn run(workspace: &impl Workspace, command: &Command) -> (String, Exit) {
    let mut said = Vec::new();
    let mut output = |chunk: &[u8]| said.extend_from_slice(chunk);
    let exit = workspace.exec(command, &mut output).await.unwrap();
    (String::from_utf8(said).unwrap(), exit)
}

async fn commands_run_in_the_source_folder(workspace: &impl Workspace, _: &Path) {
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

async fn output_comes_as_it_is_written(workspace: &impl Workspace, _: &Path) {
    let mut chunks = Vec::new();
    let mut output = |chunk: &[u8]| chunks.push(String::from_utf8(chunk.to_vec()).unwrap());
    let script = "echo out; echo err >&2; sleep 0.1; echo out";
    workspace.exec(&sh(script), &mut output).await.unwrap();
    assert!(chunks.len() >= 2, "{chunks:?}");
    assert_eq!(chunks.concat(), "out\nerr\nout\n");
}

async fn a_time_out_kills_the_tree(workspace: &impl Workspace, _: &Path) {
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

async fn a_dropped_exec_kills_the_tree(workspace: &impl Workspace, _: &Path) {
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

async fn what_is_left_in_the_background_ends_with_the_command(
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

async fn the_environment_is_given(workspace: &impl Workspace, _: &Path) {
    let command = Command {
        argv: vec!["/usr/bin/env".into()],
        ..sh("")
    };
    let path = &command.env["PATH"];
    assert_eq!(run(workspace, &command).await.0, format!("PATH={path}\n"));
}

async fn private_files_go_both_ways(workspace: &impl Workspace, _: &Path) {
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

async fn private_paths_and_links_stay_inside(workspace: &impl Workspace, outside: &Path) {
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

async fn artifacts_come_in_and_go_out(workspace: &impl Workspace, outside: &Path) {
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

#[tokio::test]
async fn closing_and_dropping_remove_the_files() {
    let place = Place::new().await;
    let workspace = place.sandboxed().await;
    run(&workspace, &sh("touch x; touch /go; mkdir -p ~/y")).await;
    assert!(place.work().exists());
    workspace.close().await.unwrap();
    until_removed(&place).await;
    drop(place.plain().await);
    until_removed(&place).await;
}

async fn until_removed(place: &Place) {
    towpath_testkit::eventually_async("the files to go", async || {
        (!place.work().exists()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_servers_data_folder_is_hidden() {
    let place = Place::new().await;
    fs::write(place.folder.path().join("towpath.db"), "rows").unwrap();
    let workspace = place.sandboxed().await;
    let (said, _) = run(
        &workspace,
        &sh(&format!("ls {}; ls -A", place.folder.path().display())),
    )
    .await;
    assert!(said.contains("No such file"), "{said}");
    workspace.close().await.unwrap();
    until_removed(&place).await;
}

/// Builds a package and installs it: other owners, locks, dpkg's database, folders of the machine.
#[tokio::test]
async fn packages_can_be_installed() {
    if towpath_testkit::require("dpkg-deb").is_none() {
        return;
    }
    let place = Place::new().await;
    place
        .host
        .make_machine_folders(place.folder.path())
        .await
        .unwrap();
    let workspace = place.sandboxed().await;
    assert_eq!(workspace.notes(), <&[String]>::default());
    let script = r#"set -e
        mkdir -p p/DEBIAN p/usr/local/bin p/usr/share/towpath-test p/etc p/var/lib/towpath-test
        printf 'Package: towpath-test\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: x\n' > p/DEBIAN/control
        printf '#!/bin/sh\necho installed\n' > p/usr/local/bin/towpath-test
        chmod 755 p/usr/local/bin/towpath-test
        echo x > p/etc/towpath-test.conf
        dpkg-deb --root-owner-group -b p p.deb
        dpkg -i p.deb
        dpkg -s towpath-test | grep Status
        mkdir -p /go/src && touch /usr/lib/new /opt/new
        towpath-test"#;
    let (said, exit) = run(&workspace, &sh(script)).await;
    assert_eq!(exit, Exit::Code(0), "{said}");
    assert!(
        said.ends_with("Status: install ok installed\ninstalled\n"),
        "{said}"
    );
    workspace.close().await.unwrap();
    until_removed(&place).await;
    assert!(!Path::new("/usr/local/bin/towpath-test").exists());
}
