//! overlayfs (kernel documentation, `filesystems/overlayfs`).

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;

use nix::mount::{MsFlags, mount};

/// Where an overlay reads and writes.
pub(super) struct Overlay<'a> {
    /// The top one first.
    pub(super) lower: &'a [BorrowedFd<'a>],
    pub(super) upper: BorrowedFd<'a>,
    pub(super) work: BorrowedFd<'a>,
    /// In a user namespace overlayfs keeps its marks in `user.` attributes.
    pub(super) rootless: bool,
}

impl Overlay<'_> {
    /// Never flushes what was written to disk: nobody reads it after a crash.
    pub(super) fn mount(&self, target: &Path, flags: MsFlags) -> io::Result<()> {
        match self.mount_with(target, flags, ",volatile") {
            // Kernels before 5.10.
            Err(nix::Error::EINVAL) => self.mount_with(target, flags, ""),
            result => result,
        }
        .map_err(Into::into)
    }

    fn mount_with(&self, target: &Path, flags: MsFlags, extra: &str) -> nix::Result<()> {
        let options = format!("{}{extra}", self.options());
        mount(
            Some("overlay"),
            target,
            Some("overlay"),
            flags,
            Some(options.as_str()),
        )
    }

    /// By descriptors, since all of it has to fit in a page. A difference has to be whole: no file that
    /// refers to another layer's (`metacopy`, `redirect_dir`).
    fn options(&self) -> String {
        let lower: Vec<_> = self.lower.iter().map(name).collect();
        let mut options = format!(
            "lowerdir={},upperdir={},workdir={},redirect_dir=nofollow,metacopy=off,index=off",
            lower.join(":"),
            name(&self.upper),
            name(&self.work)
        );
        if self.rootless {
            options.push_str(",userxattr");
        }
        options
    }
}

fn name(fd: &impl AsFd) -> String {
    format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd())
}
