//! Builds the file system that commands see, in this process's own mount namespace.
//!
//! In order: open everything of the machine that will be needed; put a small file system in memory over
//! `/tmp` to work on; mount the new root there and change into it, so that no link in it can lead out;
//! mount the rest by the names that commands will use; let go of the old root.

mod extra;
mod folder_overlay;
mod hidden;
mod host_folders;
mod host_root;
mod layers;
mod overlay;
mod stage;
mod standard;
mod table;
mod target;

use rustix::fs::{Mode, OFlags};

use self::host_root::HostView;
use self::layers::LayersView;
use self::stage::{OldRoot, Stage};
use super::failure::Failure;
use super::kernel;
use crate::RootFs;
use crate::wire::{Isolation, UserNamespaceChoice};

/// Returns what is lacking.
pub(super) fn set_up(isolation: &Isolation) -> Result<Vec<String>, Failure> {
    stage::make_private()?;
    let rootless = !matches!(isolation.user_namespace, UserNamespaceChoice::Stay);
    let devices = standard::Sources::open()?;
    let extra = extra::open(&isolation.mounts)?;
    let (old_root, notes) = match &isolation.root {
        RootFs::Host(spec) => {
            let view = HostView::open(spec, isolation.machine_folders.as_deref(), rootless)?;
            let stage = Stage::make()?;
            let mut mounting = view.mount_root(&stage)?;
            let old_root = stage.enter()?;
            standard::mount_proc()?;
            mounting.mount_folders()?;
            standard::mount(&devices, rootless)?;
            (old_root, mounting.finish()?)
        }
        RootFs::Layers(spec) => {
            let view = LayersView::open(spec)?;
            let stage = Stage::make()?;
            view.mount_root(&stage, &extra, rootless)?;
            let old_root = stage.enter()?;
            standard::mount_proc()?;
            standard::mount(&devices, rootless)?;
            (old_root, Vec::new())
        }
    };
    extra::mount(extra)?;
    finish(old_root, isolation.read_only_root)?;
    Ok(notes)
}

fn finish(old_root: OldRoot, read_only: bool) -> Result<(), Failure> {
    old_root.leave()?;
    if read_only {
        let root = rustix::fs::open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
            .map_err(Failure::of("open the new root"))?;
        kernel::read_only(root).map_err(Failure::of("make the root read-only"))?;
    }
    Ok(())
}
