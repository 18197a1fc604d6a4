use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{chroot, fchdir, pivot_root};

use super::super::failure::Failure;

/// Any folder that every machine has and that is not on the way to /proc.
const PLACES: [&str; 3] = ["/tmp", "/mnt", "/var"];

/// Nothing that we mount shows on the machine, and the other way round.
pub(super) fn make_private() -> Result<(), Failure> {
    mount(
        None::<&str>,
        "/",
        None::<&str>,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        None::<&str>,
    )
    .map_err(Failure::of("make the mounts private"))
}

/// A file system in memory to build on. What it covers cannot be opened by path any more.
pub(super) struct Stage {
    root: PathBuf,
    scratch: PathBuf,
    stubs: PathBuf,
}

impl Stage {
    pub(super) fn make() -> Result<Self, Failure> {
        let place = PLACES.into_iter().find(|place| Path::new(place).is_dir());
        let place = place.ok_or_else(|| Failure::new("this machine has no folder /tmp"))?;
        let flags = MsFlags::MS_NODEV | MsFlags::MS_NOSUID;
        mount(
            Some("tmpfs"),
            place,
            Some("tmpfs"),
            flags,
            Some("mode=0755"),
        )
        .map_err(Failure::of("mount a file system in memory"))?;
        let folder = |name: &str| {
            let path = Path::new(place).join(name);
            fs::create_dir(&path)
                .map_err(Failure::of(format!("make the folder {}", path.display())))
                .map(|()| path)
        };
        Ok(Self {
            root: folder("root")?,
            scratch: folder("scratch")?,
            stubs: folder("stubs")?,
        })
    }

    /// Where the new root is to be mounted.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// For what is written, when there is no disk for it.
    pub(super) fn scratch(&self) -> Result<OwnedFd, Failure> {
        open_path(&self.scratch)
    }

    /// An empty folder to make a lowest layer of.
    pub(super) fn stubs(&self) -> &Path {
        &self.stubs
    }

    /// Changes into the new root. Until [`OldRoot::leave`] the old one is out of reach but through what is open.
    pub(super) fn enter(self) -> Result<OldRoot, Failure> {
        let old = open_path(Path::new("/"))?;
        let new = open_path(&self.root)?;
        fchdir(&new).map_err(Failure::of("enter the new root"))?;
        chroot(".").map_err(Failure::of("change into the new root"))?;
        Ok(OldRoot { old, new })
    }
}

/// What is still there behind the new root.
pub(super) struct OldRoot {
    old: OwnedFd,
    new: OwnedFd,
}

impl OldRoot {
    /// Makes the new root the root of the mount namespace and takes the old one off (pivot_root(2), "NOTES").
    pub(super) fn leave(self) -> Result<(), Failure> {
        fchdir(&self.old).map_err(Failure::of("return to the old root"))?;
        chroot(".").map_err(Failure::of("change into the old root"))?;
        fchdir(&self.new).map_err(Failure::of("return to the new root"))?;
        pivot_root(".", ".").map_err(Failure::of("exchange the roots"))?;
        fchdir(&self.old).map_err(Failure::of("return to the old root"))?;
        umount2(".", MntFlags::MNT_DETACH).map_err(Failure::of("take off the old root"))?;
        rustix::process::chdir("/").map_err(Failure::of("enter the new root"))
    }
}

/// Something to mount from, that stays itself whatever is mounted over its path.
pub(super) fn open_path(path: &Path) -> Result<OwnedFd, Failure> {
    open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .map_err(Failure::of(format!("open {}", path.display())))
}
