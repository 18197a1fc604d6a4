//! The entries of a layer's tar become files (image specification, "Applying Changesets").

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Gid, Mode, Timespec, Timestamps, Uid};
use tar::EntryType;

use super::archive::Content;
use super::budget::{Budget, Budgeted};
use super::folder::{Folder, Parent, set_attribute};
use super::{UnpackError, UnpackErrorKind};
use crate::image::Layer;
use crate::layer::EntryPath;

const WHITEOUT: &[u8] = b".wh.";
/// Names of this kind are marks, not deleted files; of them only "opaque" means something today.
const MARK: &[u8] = b".wh..wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
const CAPABILITY: &str = "SCHILY.xattr.security.capability";
const DEVICE_OF_WHITEOUTS: u64 = 0;
/// So few files are synced one by one; with more, the whole file system is, which is then faster.
const SYNC_EACH: u64 = 32;

/// What a layer may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the decompressed archive.
    pub bytes: u64,
    pub entries: u64,
    /// Bytes of one entry's header with its long names and attributes.
    pub header: u64,
}

impl Default for Limits {
    /// 64 GiB, a million entries, 1 MiB.
    fn default() -> Self {
        Self {
            bytes: 64 << 30,
            entries: 1_000_000,
            header: 1 << 20,
        }
    }
}

/// Unpacks into `target`, an empty folder, syncs it and checks the layer's diff id.
pub(super) fn layer(
    archive: &Path,
    layer: &Layer,
    target: &Path,
    limits: &Limits,
) -> Result<(), UnpackError> {
    let work = || {
        let content = Content::open(archive, layer.compression, limits.bytes)?;
        let folder = Folder::open(target)
            .map_err(|error| UnpackErrorKind::Io(format!("open {}", target.display()), error))?;
        let content = entries(content, &folder, limits)?;
        let actual = content.digest().map_err(UnpackErrorKind::Archive)?;
        let expected = layer.diff_id;
        match actual == expected {
            true => Ok(()),
            false => Err(UnpackErrorKind::DiffId { expected, actual }),
        }
    };
    work().map_err(|kind| UnpackError::new(layer, kind))
}

fn entries(content: Content, folder: &Folder, limits: &Limits) -> Result<Content, UnpackErrorKind> {
    let (reader, budget) = Budgeted::new(content);
    let mut archive = tar::Archive::new(reader);
    let mut extraction = Extraction {
        folder,
        privileged: rustix::process::geteuid().is_root(),
        folders: BTreeMap::new(),
        count: 0,
        left: limits.bytes,
    };
    budget.renew(limits.header);
    for entry in archive.entries().map_err(UnpackErrorKind::Archive)? {
        let mut entry = entry.map_err(UnpackErrorKind::Archive)?;
        extraction.count += 1;
        if extraction.count > limits.entries {
            let error = io::Error::other("it has more entries than the limit");
            return Err(UnpackErrorKind::Archive(error));
        }
        budget.renew(u64::MAX);
        extraction.entry(&mut entry)?;
        drain(&mut entry, &budget, limits)?;
    }
    extraction.finish()?;
    budget.renew(u64::MAX);
    Ok(archive.into_inner().into_inner())
}

/// Reads what is left of an entry, so that the next read is the next header.
fn drain(entry: &mut impl Read, budget: &Budget, limits: &Limits) -> Result<(), UnpackErrorKind> {
    io::copy(entry, &mut io::sink()).map_err(UnpackErrorKind::Archive)?;
    budget.renew(limits.header);
    Ok(())
}

struct Extraction<'a> {
    folder: &'a Folder,
    privileged: bool,
    /// Modes and times of folders are set last: a folder without write permission must still be filled,
    /// and filling it changes its time.
    folders: BTreeMap<EntryPath, Attributes>,
    count: u64,
    /// Bytes that may still be written: a sparse file is larger than its archive.
    left: u64,
}

/// Who may do what with a file, and since when.
#[derive(Clone, Copy)]
struct Attributes {
    mode: u32,
    uid: u64,
    gid: u64,
    mtime: u64,
}

type Entry<'a, R> = tar::Entry<'a, R>;

impl Extraction<'_> {
    fn entry<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> Result<(), UnpackErrorKind> {
        let kind = entry.header().entry_type();
        if kind.is_pax_global_extensions() {
            return Ok(());
        }
        let path = EntryPath::new(OsStr::from_bytes(&entry.path_bytes()))?;
        let at = |source| UnpackErrorKind::Entry {
            path: path.to_string(),
            source,
        };
        let attributes = attributes(entry.header()).map_err(at)?;
        let Some(name) = path.file_name() else {
            return self.root(kind, attributes);
        };
        let parent = self.folder.parent(&path.parent()).map_err(at)?;
        if let Some(hidden) = name.as_bytes().strip_prefix(WHITEOUT) {
            return self
                .mark(&parent, name, OsStr::from_bytes(hidden))
                .map_err(at);
        }
        match kind {
            EntryType::Directory => self
                .make_folder(&parent, &path, name, attributes)
                .map_err(at),
            EntryType::Link => self.hard_link(entry, &parent, &path, name),
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                self.file(entry, &parent, name, attributes).map_err(at)
            }
            EntryType::Symlink => self.symlink(entry, &parent, name, attributes).map_err(at),
            EntryType::Fifo => self
                .node(&parent, name, FileType::Fifo, 0, attributes)
                .map_err(at),
            EntryType::Char | EntryType::Block => self
                .device(entry, &parent, &path, name, attributes)
                .map_err(at),
            other => Err(UnpackErrorKind::Refused {
                path: path.to_string(),
                reason: format!("tar entries of type {other:?} are not supported"),
            }),
        }
    }

    fn root(&mut self, kind: EntryType, attributes: Attributes) -> Result<(), UnpackErrorKind> {
        if kind != EntryType::Directory {
            return Err(UnpackErrorKind::Refused {
                path: "/".to_owned(),
                reason: "the root can only be a folder".to_owned(),
            });
        }
        self.folders.insert(EntryPath::default(), attributes);
        Ok(())
    }

    /// A whiteout hides what is in the layers below, never what this layer itself holds.
    fn mark(&self, parent: &Parent, name: &OsStr, hidden: &OsStr) -> io::Result<()> {
        if name.as_bytes() == OPAQUE {
            return self.set_opaque(parent.fd());
        }
        if name.as_bytes().starts_with(MARK) {
            return Ok(());
        }
        if hidden.is_empty() || hidden == "." || hidden == ".." {
            return Err(io::Error::other("it is a whiteout that names no file"));
        }
        match parent.stat(hidden)? {
            None => parent.create_node(hidden, FileType::CharacterDevice, DEVICE_OF_WHITEOUTS),
            Some(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => {
                self.set_opaque(parent.open_folder(hidden)?)
            }
            Some(_) => Ok(()),
        }
    }

    fn set_opaque(&self, folder: impl std::os::fd::AsFd) -> io::Result<()> {
        let name = match self.privileged {
            true => "trusted.overlay.opaque",
            false => "user.overlay.opaque",
        };
        set_attribute(folder, name, b"y")
    }

    fn make_folder(
        &mut self,
        parent: &Parent,
        path: &EntryPath,
        name: &OsStr,
        attributes: Attributes,
    ) -> io::Result<()> {
        let hides = parent
            .stat(name)?
            .map(|stat| (FileType::from_raw_mode(stat.st_mode), stat.st_rdev));
        match hides {
            Some((FileType::Directory, _)) => {}
            Some((kind, device)) => {
                parent.unlink(name)?;
                parent.create_folder(name)?;
                if kind == FileType::CharacterDevice && device == DEVICE_OF_WHITEOUTS {
                    self.set_opaque(parent.open_folder(name)?)?;
                }
            }
            None => parent.create_folder(name)?,
        }
        self.folders.insert(path.clone(), attributes);
        Ok(())
    }

    fn file<R: Read>(
        &mut self,
        entry: &mut Entry<'_, R>,
        parent: &Parent,
        name: &OsStr,
        attributes: Attributes,
    ) -> io::Result<()> {
        let capability = capability(entry)?;
        make_room(parent, name)?;
        let mut file = parent.create_file(name)?;
        let written = io::copy(&mut entry.take(self.left.saturating_add(1)), &mut file)?;
        let left = self.left.checked_sub(written);
        self.left =
            left.ok_or_else(|| io::Error::other("it unpacks to more bytes than the limit"))?;
        self.set(parent, name, attributes)?;
        // After the owner, since changing it takes capabilities away.
        match capability {
            Some(value) if self.privileged => {
                set_attribute(&file, "security.capability", &value)?;
            }
            Some(_) => tracing::debug!(?name, "a plain user cannot give files capabilities"),
            None => {}
        }
        if self.count <= SYNC_EACH {
            file.sync_all()?;
        }
        Ok(())
    }

    fn symlink<R: Read>(
        &self,
        entry: &Entry<'_, R>,
        parent: &Parent,
        name: &OsStr,
        attributes: Attributes,
    ) -> io::Result<()> {
        let target = entry.link_name_bytes();
        let target = target.ok_or_else(|| io::Error::other("it is a link to nothing"))?;
        make_room(parent, name)?;
        parent.create_symlink(name, &target)?;
        self.set_owner(parent, name, attributes)?;
        set_times(parent, name, attributes)
    }

    fn hard_link<R: Read>(
        &self,
        entry: &Entry<'_, R>,
        parent: &Parent,
        path: &EntryPath,
        name: &OsStr,
    ) -> Result<(), UnpackErrorKind> {
        let target = entry.link_name_bytes().unwrap_or_default().into_owned();
        let target = EntryPath::new(OsString::from_vec(target))?;
        let refused = |reason: String| UnpackErrorKind::Refused {
            path: path.to_string(),
            reason,
        };
        let Some(to) = target.file_name() else {
            return Err(refused("it is a hard link to nothing".to_owned()));
        };
        if target == *path {
            return Err(refused("it is a hard link to itself".to_owned()));
        }
        let link = || {
            let target_parent = Parent::new(self.folder.folder(&target.parent())?);
            make_room(parent, name)?;
            parent.link(name, &target_parent, to)
        };
        link().map_err(|error| refused(format!("cannot be linked to {target}: {error}")))
    }

    /// The plain user's containers get their devices from the sandbox; the image's are left out.
    fn device<R: Read>(
        &self,
        entry: &Entry<'_, R>,
        parent: &Parent,
        path: &EntryPath,
        name: &OsStr,
        attributes: Attributes,
    ) -> io::Result<()> {
        if !self.privileged {
            tracing::debug!(%path, "a plain user cannot make devices: left out");
            return Ok(());
        }
        let header = entry.header();
        let (major, minor) = (header.device_major()?, header.device_minor()?);
        let device = rustix::fs::makedev(major.unwrap_or(0), minor.unwrap_or(0));
        let kind = match header.entry_type() {
            EntryType::Block => FileType::BlockDevice,
            _ => FileType::CharacterDevice,
        };
        self.node(parent, name, kind, device, attributes)
    }

    fn node(
        &self,
        parent: &Parent,
        name: &OsStr,
        kind: FileType,
        device: u64,
        attributes: Attributes,
    ) -> io::Result<()> {
        make_room(parent, name)?;
        parent.create_node(name, kind, device)?;
        self.set(parent, name, attributes)
    }

    /// Owner, mode and time of what was just made and is no link.
    fn set(&self, parent: &Parent, name: &OsStr, attributes: Attributes) -> io::Result<()> {
        self.set_owner(parent, name, attributes)?;
        let mode = Mode::from_raw_mode(attributes.mode);
        rustix::fs::chmodat(parent.fd(), name, mode, AtFlags::empty())?;
        set_times(parent, name, attributes)
    }

    fn set_owner(&self, parent: &Parent, name: &OsStr, attributes: Attributes) -> io::Result<()> {
        if !self.privileged {
            return Ok(());
        }
        let (user, group) = owner(attributes)?;
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        Ok(rustix::fs::chownat(
            parent.fd(),
            name,
            Some(user),
            Some(group),
            flags,
        )?)
    }

    fn finish(&self) -> Result<(), UnpackErrorKind> {
        for (path, attributes) in self.folders.iter().rev() {
            self.finish_folder(path, *attributes)
                .map_err(|source| UnpackErrorKind::Entry {
                    path: path.to_string(),
                    source,
                })?;
        }
        let sync = match self.count > SYNC_EACH {
            true => rustix::fs::syncfs(self.folder.fd()),
            false => rustix::fs::fsync(self.folder.fd()),
        };
        sync.map_err(|error| UnpackErrorKind::Io("sync the layer".to_owned(), error.into()))
    }

    fn finish_folder(&self, path: &EntryPath, attributes: Attributes) -> io::Result<()> {
        let folder = self.folder.folder(path)?;
        if self.privileged {
            let (user, group) = owner(attributes)?;
            rustix::fs::fchown(&folder, Some(user), Some(group))?;
        }
        rustix::fs::fchmod(&folder, Mode::from_raw_mode(attributes.mode))?;
        rustix::fs::futimens(&folder, &times(attributes))?;
        if self.count <= SYNC_EACH {
            rustix::fs::fsync(&folder)?;
        }
        Ok(())
    }
}

fn attributes(header: &tar::Header) -> io::Result<Attributes> {
    Ok(Attributes {
        mode: header.mode()? & 0o7777,
        uid: header.uid()?,
        gid: header.gid()?,
        mtime: header.mtime()?,
    })
}

/// A name that is there already is replaced, unless it is a folder: what it holds would be lost.
fn make_room(parent: &Parent, name: &OsStr) -> io::Result<()> {
    match parent.stat(name)? {
        None => Ok(()),
        Some(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => Err(
            io::Error::other("the same layer holds a folder of this name"),
        ),
        Some(_) => parent.unlink(name),
    }
}

/// The value of `security.capability` in the entry's extended header, which must hold nothing that would
/// change what the content means.
fn capability<R: Read>(entry: &mut Entry<'_, R>) -> io::Result<Option<Vec<u8>>> {
    let Some(extensions) = entry.pax_extensions()? else {
        return Ok(None);
    };
    for extension in extensions {
        let extension = extension?;
        if extension.key_bytes().starts_with(b"GNU.sparse.") {
            let error =
                "sparse files in the pax format are not supported; pack it with --format=gnu";
            return Err(io::Error::other(error));
        }
        if extension.key_bytes() == CAPABILITY.as_bytes() {
            return Ok(Some(extension.value_bytes().to_vec()));
        }
    }
    Ok(None)
}

/// The last id is no id: chown takes it for "leave as it is".
fn owner(attributes: Attributes) -> io::Result<(Uid, Gid)> {
    let id = |id: u64| {
        let id = u32::try_from(id).ok().filter(|id| *id != u32::MAX);
        id.ok_or_else(|| io::Error::other("its owner is not an id of this system"))
    };
    Ok((
        Uid::from_raw(id(attributes.uid)?),
        Gid::from_raw(id(attributes.gid)?),
    ))
}

fn set_times(parent: &Parent, name: &OsStr, attributes: Attributes) -> io::Result<()> {
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    Ok(rustix::fs::utimensat(
        parent.fd(),
        name,
        &times(attributes),
        flags,
    )?)
}

fn times(attributes: Attributes) -> Timestamps {
    let time = Timespec {
        tv_sec: i64::try_from(attributes.mtime).unwrap_or(i64::MAX),
        tv_nsec: 0,
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}
