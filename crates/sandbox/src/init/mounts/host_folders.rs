//! What the machine's root holds, and what is mounted below it.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use super::super::failure::Failure;
use super::stage::open_path;
use super::table;

/// Made anew, or of no use to a build.
pub(super) const NOT_SHOWN: [&str; 6] = ["/proc", "/sys", "/dev", "/tmp", "/run", "/lost+found"];

pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) source: OwnedFd,
}

impl Folder {
    pub(super) fn open(path: PathBuf) -> Result<Self, Failure> {
        open_path(&path).map(|source| Self { path, source })
    }
}

#[derive(Default)]
pub(super) struct HostFolders {
    pub(super) links: Vec<(PathBuf, PathBuf)>,
    /// Outer ones before inner ones.
    pub(super) folders: Vec<Folder>,
    pub(super) files: Vec<(PathBuf, OwnedFd)>,
}

impl HostFolders {
    /// Everything but what is hidden. What cannot be opened, the caller cannot read anyway.
    pub(super) fn open(hidden: &[PathBuf]) -> Result<Self, Failure> {
        let mountinfo = fs::read_to_string("/proc/self/mountinfo")
            .map_err(Failure::of("read /proc/self/mountinfo"))?;
        let mut paths = in_root()?;
        paths.extend(table::mount_points(&mountinfo));
        paths.sort();
        paths.dedup();
        paths.retain(|path| is_shown(path, hidden));
        let mut found = Self::default();
        for path in paths {
            found.add(path);
        }
        Ok(found)
    }

    fn add(&mut self, path: PathBuf) {
        let Ok(metadata) = path.symlink_metadata() else {
            return;
        };
        if metadata.is_symlink() {
            self.links
                .extend(fs::read_link(&path).map(|leads_to| (path, leads_to)));
        } else if metadata.is_dir() {
            self.folders.extend(Folder::open(path));
        } else if metadata.is_file() {
            self.files.extend(open_path(&path).map(|file| (path, file)));
        }
    }
}

fn in_root() -> Result<Vec<PathBuf>, Failure> {
    let of_root = || Failure::of("list the folder /");
    let entries = fs::read_dir("/").map_err(of_root())?;
    entries
        .map(|entry| Ok(entry.map_err(of_root())?.path()))
        .collect()
}

fn is_shown(path: &Path, hidden: &[PathBuf]) -> bool {
    let not_shown = NOT_SHOWN.iter().any(|folder| path.starts_with(folder));
    path != Path::new("/") && !not_shown && !hidden.iter().any(|hidden| path.starts_with(hidden))
}
