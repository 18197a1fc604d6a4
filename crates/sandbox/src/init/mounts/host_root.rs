//! A root made of the machine's own folders: an overlay over each, since one over all of it shows other
//! partitions empty and is refused to plain users.

use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::{fs, io};

use nix::mount::MsFlags;

use super::super::failure::Failure;
use super::folder_overlay::FolderOverlay;
use super::host_folders::{Folder, HostFolders, NOT_SHOWN};
use super::stage::{Stage, open_path};
use super::{hidden, standard, target};
use crate::HostRoot;

/// Links below /run that programs are found through (NixOS, and an old place of /dev/shm).
const RUN_LINKS: [&str; 4] = [
    "/run/shm",
    "/run/current-system",
    "/run/booted-system",
    "/run/opengl-driver",
];
const RESOLVER: &str = "/etc/resolv.conf";

/// Where builds may write a lot; so they may in the caller's home. An overlay costs milliseconds on a disk and
/// a tenth of that in memory, so that all others write there.
const BULKY: [&str; 3] = ["/opt", "/usr", "/var"];

/// Where a build has no business writing.
const MINOR: [&str; 3] = ["/boot", "/media", "/mnt"];

/// Everything of the machine that is needed, opened while it can be reached.
pub(super) struct HostView {
    folders: HostFolders,
    home: Option<Folder>,
    hidden: Vec<PathBuf>,
    /// Folders of the caller's below others' folders.
    own: Vec<PathBuf>,
    /// What is written here goes to disk.
    bulky: Vec<PathBuf>,
    run: RunFiles,
    layer: Option<OwnedFd>,
    disk: Option<OwnedFd>,
    rootless: bool,
}

/// What of /run a build needs.
struct RunFiles {
    links: Vec<(PathBuf, PathBuf)>,
    /// systemd and others keep the resolver's configuration there.
    resolver: Option<(PathBuf, Vec<u8>)>,
}

impl HostView {
    /// `layer` holds folders to lay over the machine's.
    pub(super) fn open(
        spec: &HostRoot,
        layer: Option<&Path>,
        rootless: bool,
    ) -> Result<Self, Failure> {
        let hidden = hidden::paths(spec);
        let home = spec
            .home
            .canonicalize()
            .ok()
            .filter(|home| home != Path::new("/"));
        let own = if rootless {
            own_folders(home.as_deref())
        } else {
            Vec::new()
        };
        let bulky = BULKY
            .map(PathBuf::from)
            .into_iter()
            .chain(home.clone())
            .collect();
        Ok(Self {
            folders: HostFolders::open(&hidden)?,
            home: home.and_then(|path| Folder::open(path).ok()),
            hidden,
            own,
            bulky,
            run: RunFiles::read(),
            layer: layer.map(open_path).transpose()?,
            disk: spec.scratch.as_deref().map(open_path).transpose()?,
            rootless,
        })
    }

    /// The root itself is in memory, so that commands can make new folders in it.
    pub(super) fn mount_root(self, stage: &Stage) -> Result<Mounting, Failure> {
        target::tmpfs(stage.root(), MsFlags::empty(), "mode=0755")?;
        let scratch = self
            .disk
            .iter()
            .map(|disk| disk.try_clone())
            .collect::<io::Result<Vec<_>>>();
        let mut scratch = scratch.map_err(Failure::of("duplicate a descriptor"))?;
        scratch.push(stage.scratch()?);
        Ok(Mounting {
            view: self,
            scratch,
            overlays: 0,
            shown_as_is: Vec::new(),
            notes: Vec::new(),
        })
    }
}

impl HostView {
    /// The folder of the same path in the layer, which need not have it.
    fn layer_for(&self, folder: &Path) -> Option<OwnedFd> {
        let in_layer = target::fd_path(self.layer.as_ref()?).join(folder.strip_prefix("/").ok()?);
        in_layer
            .is_dir()
            .then(|| open_path(&in_layer).ok())
            .flatten()
    }
}

/// The view as it comes into being.
pub(super) struct Mounting {
    view: HostView,
    /// Where overlays may write, the best place first.
    scratch: Vec<OwnedFd>,
    overlays: usize,
    /// Folders without an overlay, which must not be written.
    shown_as_is: Vec<PathBuf>,
    notes: Vec<String>,
}

impl Mounting {
    pub(super) fn mount_folders(&mut self) -> Result<(), Failure> {
        for (link, leads_to) in &self.view.folders.links {
            symlink(leads_to, link)
                .map_err(Failure::of(format!("make the link {}", link.display())))?;
        }
        let folders = std::mem::take(&mut self.view.folders.folders);
        for folder in &folders {
            if !is_below_any(&folder.path, &self.shown_as_is) {
                let deeper = folders.iter().map(|other| other.path.as_path());
                let hidden = hidden_in(&folder.path, &self.view.hidden, deeper);
                self.mount_folder(folder, &hidden)?;
            }
        }
        for (path, file) in std::mem::take(&mut self.view.folders.files) {
            target::ensure(&path, false)?;
            target::bind(&file, &path, true)?;
        }
        Ok(())
    }

    /// Returns what is lacking.
    pub(super) fn finish(mut self) -> Result<Vec<String>, Failure> {
        target::tmpfs(Path::new("/tmp"), MsFlags::empty(), "mode=1777")?;
        target::tmpfs(Path::new("/run"), MsFlags::empty(), "mode=0755")?;
        target::tmpfs(
            Path::new("/run/lock"),
            MsFlags::empty(),
            "mode=1777,size=5m",
        )?;
        self.view.run.make()?;
        self.show_home()?;
        self.mask()?;
        Ok(self.notes)
    }

    /// A home that no overlay shows, since it is in /tmp or in a folder shown as it is, gets its own.
    fn show_home(&mut self) -> Result<(), Failure> {
        let Some(home) = self.view.home.take() else {
            return Ok(());
        };
        let not_shown = NOT_SHOWN.map(PathBuf::from);
        let own =
            is_below_any(&home.path, &not_shown) || is_below_any(&home.path, &self.shown_as_is);
        if own {
            let hidden = hidden_in(&home.path, &self.view.hidden, []);
            self.mount_folder(&home, &hidden)?;
        }
        Ok(())
    }

    fn mount_folder(&mut self, folder: &Folder, hidden: &[PathBuf]) -> Result<(), Failure> {
        target::ensure(&folder.path, true)?;
        if is_empty(&folder.source) && !self.is_bulky(&folder.path) {
            return self.imitate(folder);
        }
        let Err(error) = self.mount_overlay(folder, hidden) else {
            return Ok(());
        };
        target::bind(&folder.source, &folder.path, true)?;
        if !MINOR.iter().any(|minor| folder.path.starts_with(minor)) {
            self.notes.push(format!(
                "{} cannot be written in here: overlayfs refused: {error}",
                folder.path.display()
            ));
        }
        self.shown_as_is.push(folder.path.clone());
        Ok(())
    }

    /// An empty folder needs no overlay: another in the root, which is in memory, is as good.
    fn imitate(&self, folder: &Folder) -> Result<(), Failure> {
        let like = target::fd_path(&folder.source);
        hidden::copy_attributes(&like, &folder.path, self.view.rootless)
            .map_err(Failure::of(format!("make {}", folder.path.display())))
    }

    /// With the layer of folders if that can be, and on a disk for what is bulky if that can be.
    fn mount_overlay(&mut self, folder: &Folder, hidden: &[PathBuf]) -> io::Result<()> {
        let layer = self.view.layer_for(&folder.path);
        if layer.is_some() {
            match self.try_overlays(folder, layer.as_ref(), hidden) {
                Ok(()) => return Ok(()),
                Err(error) => self.notes.push(format!(
                    "in {} only what is the caller's can be changed: overlayfs refused: {error}",
                    folder.path.display()
                )),
            }
        }
        self.try_overlays(folder, None, hidden)
    }

    fn try_overlays(
        &mut self,
        folder: &Folder,
        layer: Option<&OwnedFd>,
        hidden: &[PathBuf],
    ) -> io::Result<()> {
        let (own, rootless) = (&self.view.own, self.view.rootless);
        let overlay = FolderOverlay {
            folder,
            layer,
            own,
            hidden,
            rootless,
        };
        let mut result = Err(io::Error::other("there is no place to write"));
        let first = if self.is_bulky(&folder.path) {
            0
        } else {
            self.scratch.len() - 1
        };
        for scratch in self.scratch.iter().skip(first) {
            self.overlays += 1;
            result = overlay.mount(&target::fd_path(scratch).join(self.overlays.to_string()));
            if result.is_ok() {
                break;
            }
        }
        result
    }

    fn is_bulky(&self, folder: &Path) -> bool {
        let bulky = &self.view.bulky;
        bulky
            .iter()
            .any(|bulky| bulky.starts_with(folder) || folder.starts_with(bulky))
    }

    /// What cannot be taken out of a folder shown as it is, is covered. Nothing hidden may be left in sight.
    fn mask(&self) -> Result<(), Failure> {
        for path in &self.view.hidden {
            if path.symlink_metadata().is_err() {
                continue;
            }
            if !is_below_any(path, &self.shown_as_is) {
                return Err(Failure::new(format!(
                    "{} could not be hidden",
                    path.display()
                )));
            }
            standard::mask(path)?;
        }
        Ok(())
    }
}

/// Overlayfs copies a folder up with its owner. Of a folder that belongs to nobody in the sandbox it cannot,
/// or cannot put anything in it afterwards: those on the way to the caller's own are there already.
fn own_folders(home: Option<&Path>) -> Vec<PathBuf> {
    home.into_iter()
        .chain([Path::new("/var/tmp")])
        .map(Path::to_owned)
        .collect()
}

/// The hidden things in this folder that are in no deeper one, relative to it.
fn hidden_in<'a>(
    folder: &Path,
    hidden: &[PathBuf],
    folders: impl IntoIterator<Item = &'a Path> + Clone,
) -> Vec<PathBuf> {
    let in_deeper = |path: &Path| {
        let mut deeper = folders.clone().into_iter();
        deeper.any(|other| other != folder && other.starts_with(folder) && path.starts_with(other))
    };
    let mut found: Vec<PathBuf> = Vec::new();
    for path in hidden.iter().filter(|path| !in_deeper(path)) {
        match path.strip_prefix(folder) {
            Ok(below) if !below.as_os_str().is_empty() && !is_below_any(below, &found) => {
                found.push(below.to_owned());
            }
            _ => {}
        }
    }
    found
}

/// One that cannot be read is not.
fn is_empty(folder: &OwnedFd) -> bool {
    fs::read_dir(target::fd_path(folder)).is_ok_and(|mut entries| entries.next().is_none())
}

fn is_below_any(path: &Path, folders: &[PathBuf]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}

impl RunFiles {
    fn read() -> Self {
        let link = |path: &&str| Some((PathBuf::from(path), fs::read_link(path).ok()?));
        let resolver = Path::new(RESOLVER).canonicalize().ok();
        let resolver = resolver.filter(|path| path.starts_with("/run"));
        Self {
            links: RUN_LINKS.iter().filter_map(link).collect(),
            resolver: resolver.and_then(|path| fs::read(&path).ok().map(|text| (path, text))),
        }
    }

    fn make(&self) -> Result<(), Failure> {
        for (link, leads_to) in &self.links {
            symlink(leads_to, link)
                .map_err(Failure::of(format!("make the link {}", link.display())))?;
        }
        if let Some((path, text)) = &self.resolver {
            target::ensure(path, false)?;
            fs::write(path, text).map_err(Failure::of(format!("write {}", path.display())))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hidden_thing_belongs_to_the_innermost_folder() {
        let hidden = [
            "/home/a/.aws",
            "/home/a/.aws/credentials",
            "/var/data",
            "/var/lib/x/y",
            "/opt",
        ]
        .map(PathBuf::from);
        let folders = ["/home", "/opt", "/var", "/var/lib/x"].map(Path::new);
        let check = |folder: &str, expected: &[&str]| {
            let found = hidden_in(Path::new(folder), &hidden, folders);
            assert_eq!(
                found,
                expected.iter().map(PathBuf::from).collect::<Vec<_>>(),
                "{folder}"
            );
        };
        check("/home", &["a/.aws"]);
        check("/var", &["data"]);
        check("/var/lib/x", &["y"]);
        check("/opt", &[]);
    }
}
