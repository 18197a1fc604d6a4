//! A root of image layers.

use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

use nix::mount::MsFlags;

use super::super::failure::Failure;
use super::extra::Opened;
use super::hidden::copy_attributes;
use super::overlay::Overlay;
use super::stage::{Stage, open_path};
use super::target::fd_path;
use crate::Layers;

const STANDARD: [&str; 3] = ["proc", "sys", "dev"];

pub(super) struct LayersView {
    lower: Vec<OwnedFd>,
    upper: OwnedFd,
    work: OwnedFd,
}

impl LayersView {
    pub(super) fn open(spec: &Layers) -> Result<Self, Failure> {
        let lower: Vec<_> = spec
            .lower
            .iter()
            .map(|path| open_path(path))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            lower,
            upper: open_path(&spec.upper)?,
            work: open_path(&spec.work)?,
        })
    }

    /// What we mount on is in a lowest layer of its own wherever the image has nothing there, so that it does
    /// not turn up in the difference.
    pub(super) fn mount_root(
        &self,
        stage: &Stage,
        mounts: &[Opened],
        rootless: bool,
    ) -> Result<(), Failure> {
        make_stubs(stage.stubs(), mounts)?;
        let stubs = open_path(stage.stubs())?;
        if let Some(top) = self.lower.first() {
            copy_attributes(&fd_path(top), &fd_path(&self.upper), rootless)
                .map_err(Failure::of("give the root its owner and mode"))?;
        }
        let mut lower: Vec<_> = self.lower.iter().map(AsFd::as_fd).collect();
        lower.push(stubs.as_fd());
        let overlay = Overlay {
            lower: &lower,
            upper: self.upper.as_fd(),
            work: self.work.as_fd(),
            rootless,
        };
        overlay
            .mount(stage.root(), MsFlags::MS_NODEV)
            .map_err(Failure::of(format!(
                "join {} layers by overlayfs",
                self.lower.len()
            )))
    }
}

fn make_stubs(folder: &Path, mounts: &[Opened]) -> Result<(), Failure> {
    for name in STANDARD {
        make_stub(folder, Path::new(name), true)?;
    }
    for mount in mounts {
        make_stub(folder, &mount.target, mount.is_folder())?;
    }
    Ok(())
}

fn make_stub(stubs: &Path, target: &Path, folder: bool) -> Result<(), Failure> {
    let below: std::path::PathBuf = target
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect();
    let path = stubs.join(below);
    let parent = if folder {
        Some(path.as_path())
    } else {
        path.parent()
    };
    let made = parent.map_or(Ok(()), fs::create_dir_all).and_then(|()| {
        if folder {
            Ok(())
        } else {
            File::create(&path).map(drop)
        }
    });
    made.map_err(Failure::of(format!(
        "prepare for a mount at {}",
        target.display()
    )))
}
