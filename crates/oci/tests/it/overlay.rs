//! Layers under a real overlay mount, and layers made from what such a mount wrote. All of it is run as a
//! plain user too, inside a user namespace.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use towpath_model::Timestamp;
use towpath_oci::Layer;
use towpath_oci::layer::{Entry, EntryKind, EntryPath, Owners, Source, write, write_diff};
use towpath_testkit::require;

use crate::place::Place;
use crate::plain_user;

#[test]
fn as_a_plain_user_too() {
    plain_user::run("overlay::");
}

fn entry(path: &str, kind: EntryKind) -> Entry {
    Entry::new(EntryPath::new(path).unwrap(), kind, 0o755)
}

fn file(path: &str) -> Entry {
    entry(path, EntryKind::File(Source::Bytes(path.into())))
}

fn folder(path: &str) -> Entry {
    entry(path, EntryKind::Folder)
}

impl Place {
    async fn layer(&self, entries: Vec<Entry>) -> Layer {
        write(&self.blobs, entries, Timestamp(0)).await.unwrap()
    }

    /// Runs a shell script in an overlay of the layers, bottom first; gives the upper folder.
    async fn run(&self, layers: &[Layer], script: &str) -> (String, PathBuf) {
        let run = tempfile::tempdir_in(self.data.path()).unwrap().keep();
        for name in ["upper", "work", "root"] {
            fs::create_dir(run.join(name)).unwrap();
        }
        let lower = self.layers.lower_folders(layers).await.unwrap();
        let lower: Vec<&str> = lower.iter().map(|path| path.to_str().unwrap()).collect();
        let output = mount_and_run(&run, &lower.join(":"), script);
        (output, run.join("upper"))
    }
}

/// What `unshare` needs, and what overlay does.
fn namespaces() -> (&'static [&'static str], &'static str) {
    match rustix::process::geteuid().is_root() {
        true => (&["--mount"], ""),
        false => (&["--user", "--map-root-user", "--mount"], ",userxattr"),
    }
}

/// Some kernels give no namespaces to plain users, some containers to nobody.
fn can_mount() -> bool {
    let Some(unshare) = require("unshare") else {
        return false;
    };
    let tried = Command::new(unshare)
        .args(namespaces().0)
        .arg("true")
        .output()
        .unwrap();
    if !tried.status.success() {
        let required = std::env::var_os("TOWPATH_REQUIRE_REAL").is_some_and(|value| value == "1");
        let reason = String::from_utf8_lossy(&tried.stderr).into_owned();
        assert!(!required, "this test needs namespaces: {reason}");
        eprintln!("skipped: no namespaces here: {reason}");
    }
    tried.status.success()
}

fn mount_and_run(run: &Path, lower: &str, script: &str) -> String {
    let (namespaces, option) = namespaces();
    let options = format!("lowerdir={lower},upperdir=upper,workdir=work{option}");
    let mount = format!("set -e; mount -t overlay overlay -o {options} root; cd root; {script}");
    let output = Command::new("unshare")
        .args(namespaces)
        .args(["sh", "-c", &mount])
        .current_dir(run)
        .output()
        .unwrap();
    // A plain user cannot remove it otherwise.
    let inner = run.join("work/work");
    if inner.exists() {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(inner, mode).unwrap();
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn owners() -> Owners {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    match user.is_root() {
        true => Owners::identity(),
        false => Owners::root_is(user.as_raw(), group.as_raw()),
    }
}

fn lines(text: &str) -> BTreeSet<&str> {
    text.lines().collect()
}

#[tokio::test]
async fn whiteouts_and_opaque_folders_hide_what_is_below() {
    if !can_mount() {
        return;
    }
    let place = Place::new();
    let base = vec![
        file("a"),
        file("b"),
        folder("d"),
        file("d/x"),
        folder("o"),
        file("o/x"),
    ];
    let top = vec![
        entry("a", EntryKind::Whiteout),
        folder("d"),
        entry("d/x", EntryKind::Whiteout),
        file("d/y"),
        folder("o"),
        entry("o", EntryKind::Opaque),
        file("o/y"),
    ];
    let layers = [place.layer(base).await, place.layer(top).await];
    let (found, _) = place.run(&layers, "find . -type f").await;
    assert_eq!(lines(&found), BTreeSet::from(["./b", "./d/y", "./o/y"]));
}

#[tokio::test]
async fn what_a_command_did_becomes_a_layer() {
    if !can_mount() {
        return;
    }
    let place = Place::new();
    let base = vec![
        file("a"),
        file("b"),
        folder("d"),
        file("d/x"),
        folder("o"),
        file("o/x"),
        folder("e"),
    ];
    let base = place.layer(base).await;
    let script = "rm a d/x; rm -r o; mkdir o; echo new > o/y; ln o/y o/z; ln -s /b l; \
                  chmod 700 b; mkfifo p; mkdir -m 500 locked; rmdir e; echo now a file > e";
    let (_, upper) = place.run(&[base], script).await;
    let time = Timestamp(0);
    let made = write_diff(&place.blobs, &upper, owners(), time)
        .await
        .unwrap();
    let again = write_diff(&place.blobs, &upper, owners(), time)
        .await
        .unwrap();
    assert_eq!(made, again);
    let look = "find . ! -name . | sort; stat -c %a b locked; stat -c %u:%g o/y; stat -c %h o/y; \
                readlink l; cat o/z";
    let (found, _) = place.run(&[base, made], look).await;
    let expected = "./b\n./d\n./e\n./l\n./locked\n./o\n./o/y\n./o/z\n./p\n\
                    700\n500\n0:0\n2\n/b\nnew\n";
    assert_eq!(found, expected);
}

#[tokio::test]
async fn the_order_of_the_entries_does_not_matter() {
    let place = Place::new();
    let long = "long/".repeat(40);
    let mut entries = vec![
        file("b"),
        file("a.b"),
        folder("a"),
        file("a/c"),
        file(&format!("{long}file")),
        entry("link", EntryKind::Symlink("x".repeat(150).into())),
    ];
    entries[0].uid = 3_000_000;
    let one = place.layer(entries.clone()).await;
    entries.reverse();
    assert_eq!(place.layer(entries.clone()).await, one);
    let root = place.layers.unpacked(&one).await.unwrap();
    let text = fs::read_to_string(root.join(&long).join("file")).unwrap();
    assert_eq!(text, format!("{long}file"));
    assert_eq!(
        fs::read_link(root.join("link")).unwrap().as_os_str().len(),
        150
    );
    entries.push(file("b"));
    let twice = write(&place.blobs, entries, Timestamp(0))
        .await
        .unwrap_err();
    assert!(twice.to_string().contains("twice"), "{twice}");
    let reserved = write(&place.blobs, vec![file(".wh.x")], Timestamp(0)).await;
    assert!(reserved.unwrap_err().to_string().contains(".wh."));
}

#[tokio::test]
async fn capabilities_of_files_survive() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let place = Place::new();
    // cap_net_bind_service=ep, as `setcap` writes it.
    let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut server = file("server");
    server.capability = Some(capability.to_vec());
    let layer = place.layer(vec![server]).await;
    let root = place.layers.unpacked(&layer).await.unwrap();
    let diff = write_diff(&place.blobs, &root, Owners::identity(), Timestamp(0)).await;
    assert_eq!(diff.unwrap().diff_id, layer.diff_id);
}
