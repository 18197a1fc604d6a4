use std::path::{Path, PathBuf};
use std::process::Command;

use towpath_model::{Digest, Timestamp};
use towpath_oci::image::{ConfigBuilder, ImageConfigurationBuilder, RootFsBuilder, this_platform};
use towpath_oci::layer::{Entry, EntryKind, EntryPath, Source};
use towpath_oci::{Registry, Repository, Tag};

use crate::require;

/// Pushes a base image made from the machine's statically linked busybox: a shell, the usual commands, root
/// and nobody. `None`, as [`require`] says, when there is no busybox.
pub async fn busybox_image(
    registry: &Registry,
    repository: &Repository,
    tags: &[Tag],
) -> Option<Digest> {
    let entries = busybox_entries()?;
    let layer = towpath_oci::layer::write(registry.blobs(), entries, Timestamp(0));
    let layer = layer.await.unwrap();
    let root = RootFsBuilder::default()
        .typ("layers")
        .diff_ids(vec![layer.diff_id.to_string()])
        .build()
        .unwrap();
    let config = ConfigBuilder::default()
        .env(vec!["PATH=/usr/sbin:/usr/bin:/sbin:/bin".to_owned()])
        .cmd(vec!["/bin/sh".to_owned()])
        .build()
        .unwrap();
    let platform = this_platform();
    let image = ImageConfigurationBuilder::default()
        .architecture(platform.architecture.as_str())
        .os(platform.os.as_str())
        .config(config)
        .rootfs(root)
        .build()
        .unwrap();
    let digest = registry.put_image(repository, &image, &[layer], tags).await;
    Some(digest.unwrap())
}

/// The files of that image, as one layer.
pub fn busybox_entries() -> Option<Vec<Entry>> {
    let busybox = require("busybox")?;
    let busybox = std::fs::canonicalize(busybox).unwrap();
    let mut entries = vec![
        folder("bin", 0o755),
        folder("etc", 0o755),
        folder("root", 0o700),
        folder("tmp", 0o1777),
        file("etc/passwd", PASSWD),
        file("etc/group", GROUP),
        entry(
            "bin/busybox",
            EntryKind::File(Source::Path(busybox.clone())),
            0o755,
        ),
    ];
    entries.extend(commands(&busybox).iter().map(|command| {
        let target = EntryKind::Symlink("busybox".into());
        entry(&format!("bin/{command}"), target, 0o777)
    }));
    Some(entries)
}

const PASSWD: &str =
    "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n";
const GROUP: &str = "root:x:0:\nnogroup:x:65534:\n";

fn commands(busybox: &Path) -> Vec<String> {
    let output = Command::new(busybox).arg("--list").output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    let commands = list.lines().map(PathBuf::from);
    commands
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .filter(|command| command != "busybox")
        .collect()
}

fn folder(path: &str, mode: u32) -> Entry {
    entry(path, EntryKind::Folder, mode)
}

fn file(path: &str, content: &str) -> Entry {
    let source = Source::Bytes(content.as_bytes().to_vec());
    entry(path, EntryKind::File(source), 0o644)
}

fn entry(path: &str, kind: EntryKind, mode: u32) -> Entry {
    Entry::new(EntryPath::new(path).unwrap(), kind, mode)
}
