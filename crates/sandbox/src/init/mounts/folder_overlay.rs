//! One of the machine's folders with an overlay over it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::{fs, io};

use nix::mount::MsFlags;

use super::host_folders::Folder;
use super::overlay::Overlay;
use super::stage::open_path;
use super::{hidden, target};

pub(super) struct FolderOverlay<'a> {
    pub(super) folder: &'a Folder,
    /// Folders of the caller's, to lay between the machine's and what is written.
    pub(super) layer: Option<&'a OwnedFd>,
    /// Folders of the caller's below others' folders.
    pub(super) own: &'a [PathBuf],
    /// Relative to the folder.
    pub(super) hidden: &'a [PathBuf],
    pub(super) rootless: bool,
}

impl FolderOverlay<'_> {
    /// `place` is a new folder for what is written.
    pub(super) fn mount(&self, place: &Path) -> io::Result<()> {
        let (upper, work) = (place.join("upper"), place.join("work"));
        for folder in [place, &upper, &work] {
            fs::create_dir(folder)?;
        }
        self.prepare(&upper)?;
        let (upper, work) = (open(&upper)?, open(&work)?);
        let lower = self.layer.into_iter().chain([&self.folder.source]);
        let lower: Vec<BorrowedFd<'_>> = lower.map(AsFd::as_fd).collect();
        let overlay = Overlay {
            lower: &lower,
            upper: upper.as_fd(),
            work: work.as_fd(),
            rootless: self.rootless,
        };
        overlay.mount(&self.folder.path, MsFlags::MS_NODEV | MsFlags::MS_NOSUID)
    }

    fn prepare(&self, upper: &Path) -> io::Result<()> {
        let lower = target::fd_path(&self.folder.source);
        hidden::copy_attributes(&lower, upper, self.rootless)?;
        for own in self.own {
            if let Ok(below) = own.strip_prefix(&self.folder.path)
                && lower.join(below).is_dir()
            {
                hidden::copy_folders(&lower, upper, below, self.rootless)?;
            }
        }
        self.hidden
            .iter()
            .try_for_each(|path| hidden::white_out(&lower, upper, path, self.rootless))
    }
}

fn open(path: &Path) -> io::Result<OwnedFd> {
    open_path(path).map_err(|failure| io::Error::other(failure.to_string()))
}
