//! What a build may not see of the machine.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::{CONTROL_PATHS, HOME_CREDENTIALS, HostRoot};

/// As whose the kernel shows what belongs to nobody in a user namespace (user_namespaces(7)).
const OVERFLOW_ID: u32 = 65_534;

/// The files and folders to hide, by the paths under which the machine has them; those that are there.
pub(super) fn paths(spec: &HostRoot) -> Vec<PathBuf> {
    let credentials = HOME_CREDENTIALS
        .iter()
        .map(|hidden| spec.home.join(hidden.path));
    let control = CONTROL_PATHS
        .iter()
        .map(PathBuf::from)
        .filter(|path| !path.is_symlink());
    let mut paths: Vec<_> = credentials
        .chain(spec.hide.iter().cloned())
        .chain(control)
        .flat_map(real_paths)
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// Of the thing itself and, when it is a link, of what it leads to.
fn real_paths(path: PathBuf) -> Vec<PathBuf> {
    // Of the usual ones hardly any is there; to find out costs one call, where its links take a dozen.
    if path.symlink_metadata().is_err() {
        return Vec::new();
    }
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    let itself = parent
        .zip(path.file_name())
        .map(|(parent, name)| parent.join(name));
    itself.into_iter().chain(path.canonicalize().ok()).collect()
}

/// Makes `path`, relative to both, disappear from an overlay of `upper` over `lower`: a whiteout, which
/// commands can replace by something of their own.
pub(super) fn white_out(lower: &Path, upper: &Path, path: &Path, rootless: bool) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        copy_folders(lower, upper, parent, rootless)?;
    }
    let mode = Mode::empty();
    Ok(mknodat(
        CWD,
        upper.join(path),
        FileType::CharacterDevice,
        mode,
        0,
    )?)
}

/// Makes the folders on the way to `path`, and `path`, in `upper` as they are in `lower`.
pub(super) fn copy_folders(
    lower: &Path,
    upper: &Path,
    path: &Path,
    rootless: bool,
) -> io::Result<()> {
    let (mut lower, mut upper) = (lower.to_owned(), upper.to_owned());
    for part in path.components() {
        lower.push(part);
        upper.push(part);
        match fs::create_dir(&upper) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.and_then(|()| copy_attributes(&lower, &upper, rootless))?,
        }
    }
    Ok(())
}

/// Gives a folder the owner and mode of another. In a user namespace, what belongs to nobody in it becomes
/// the sandbox's root's.
pub(super) fn copy_attributes(from: &Path, to: &Path, rootless: bool) -> io::Result<()> {
    let metadata = fs::metadata(from)?;
    let known = |id: u32| (!rootless || id != OVERFLOW_ID).then_some(id);
    match chown(to, known(metadata.uid()), known(metadata.gid())) {
        // Where groups cannot be given either.
        Err(error) if rootless && not_ours_to_give(&error) => {}
        result => result?,
    }
    fs::set_permissions(to, Permissions::from_mode(metadata.mode() & 0o7777))
}

fn not_ours_to_give(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(nix::libc::EPERM | nix::libc::EINVAL)
    )
}
