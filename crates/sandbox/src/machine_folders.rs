//! For plain users: the machine's folders once more, empty and the caller's own.
//!
//! In a user namespace nobody may write to what belongs to the machine's root, not even in an overlay. A
//! layer of folders that belong to the caller, between the machine's and the overlay's own, changes that:
//! overlayfs shows a folder with the owner and mode of its topmost layer. So packages can be installed.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, XattrFlags, access};

const ROOTS: [&str; 4] = ["/etc", "/opt", "/usr", "/var"];
/// Of folders below these nobody needs to change one that is there.
const LEAVES: [&str; 8] = [
    "/usr/lib/debug",
    "/usr/lib/google-cloud-sdk",
    "/usr/lib/jvm",
    "/usr/local/go",
    "/usr/share/doc",
    "/usr/src",
    "/var/lib/docker",
    "/var/lib/containerd",
];
/// As deep as `/usr/lib/x86_64-linux-gnu/perl5/5.36/Text` and a little more.
const DEPTH: usize = 7;
/// Whose files package managers write to in place, at least to lock them.
const WITH_FILES: [&str; 9] = [
    "/var/cache/apt/archives",
    "/var/cache/debconf",
    "/var/lib/apt",
    "/var/lib/apt/lists",
    "/var/lib/dpkg",
    "/var/lib/dpkg/triggers",
    "/var/lib/rpm",
    "/var/log",
    "/var/log/apt",
];
/// Larger files, such as lists of packages, are replaced and not written.
const LARGEST_FILE: u64 = 16 << 20;

/// Makes them in `layer`: some thousands.
pub(crate) fn make(layer: &Path) -> io::Result<()> {
    fs::create_dir_all(layer)?;
    ROOTS
        .map(Path::new)
        .into_iter()
        .try_for_each(|root| make_folder(layer, root, DEPTH))
}

fn make_folder(layer: &Path, folder: &Path, depth: usize) -> io::Result<()> {
    if folder == layer || folder.is_symlink() {
        return Ok(());
    }
    let copy = in_layer(layer, folder);
    fs::create_dir(&copy)?;
    if access(folder, Access::READ_OK | Access::EXEC_OK).is_err() {
        return hide_machines(&copy);
    }
    copy_files(layer, folder)?;
    if depth > 1 && !LEAVES.iter().any(|leaf| folder == Path::new(leaf)) {
        for below in entries(folder, fs::FileType::is_dir)? {
            make_folder(layer, &below, depth - 1)?;
        }
    }
    let mode = fs::metadata(folder)?.permissions().mode();
    fs::set_permissions(&copy, Permissions::from_mode(mode & 0o7777 | 0o700))
}

/// What the caller cannot read, overlayfs could not join with the layer: it is empty instead.
fn hide_machines(copy: &Path) -> io::Result<()> {
    Ok(rustix::fs::setxattr(
        copy,
        "user.overlay.opaque",
        b"y",
        XattrFlags::empty(),
    )?)
}

fn copy_files(layer: &Path, folder: &Path) -> io::Result<()> {
    if !WITH_FILES
        .iter()
        .any(|with_files| folder == Path::new(with_files))
    {
        return Ok(());
    }
    for file in entries(folder, fs::FileType::is_file)? {
        copy_file(&file, &in_layer(layer, &file))?;
    }
    Ok(())
}

/// What cannot be read is empty: it can be locked all the same.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    if fs::metadata(from)?.len() > LARGEST_FILE {
        return Ok(());
    }
    match fs::copy(from, to) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => fs::write(to, ""),
        copied => copied.map(drop),
    }
}

fn entries(folder: &Path, wanted: fn(&fs::FileType) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if wanted(&entry.file_type()?) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Where the layer has a folder of the machine.
fn in_layer(layer: &Path, path: &Path) -> PathBuf {
    layer.join(path.strip_prefix("/").unwrap_or(path))
}
