//! The suite of all workspaces for the two of this crate, and what is theirs alone.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use towpath_model::workspace::{Exit, Workspace};
use towpath_sandbox::{Host, Limits, Network, PlainWorkspace, SandboxWorkspace, WorkspaceSpec};

use towpath_testkit::workspace_suite::run;

use crate::support::{host, sh};

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

/// A place and the workspace in it.
struct Ready<W> {
    place: Place,
    workspace: W,
}

impl<W: Workspace> Ready<W> {
    fn workspace(&self) -> &W {
        &self.workspace
    }

    fn outside(&self) -> &Path {
        self.place.folder.path()
    }
}

impl Ready<SandboxWorkspace> {
    async fn close(self) {
        self.workspace.close().await.unwrap();
        until_removed(&self.place).await;
    }
}

impl Ready<PlainWorkspace> {
    async fn close(self) {
        self.workspace.close().await.unwrap();
        until_removed(&self.place).await;
    }
}

async fn sandbox_ready() -> Option<Ready<SandboxWorkspace>> {
    let place = Place::new().await;
    let workspace = place.sandboxed().await;
    Some(Ready { place, workspace })
}

async fn plain_ready() -> Option<Ready<PlainWorkspace>> {
    let place = Place::new().await;
    let workspace = place.plain().await;
    Some(Ready { place, workspace })
}

towpath_testkit::workspace_conformance!(sandboxed, sandbox_ready);
towpath_testkit::workspace_conformance!(plain, plain_ready);

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
