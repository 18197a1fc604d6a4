//! An overlay's upper folder as entries of a layer.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;

use super::{Entry, EntryKind, EntryPath, LayerError, Source};

/// How the owners of files on disk become owners in the image.
#[derive(Clone)]
pub struct Owners {
    users: IdMap,
    groups: IdMap,
}

type IdMap = Arc<dyn Fn(u32) -> Option<u32> + Send + Sync>;

impl Owners {
    /// As root: every id is itself.
    pub fn identity() -> Self {
        Self::mapped(Some, Some)
    }

    /// As a plain user: the user's own ids are the image's root, and there are no others.
    pub fn root_is(user: u32, group: u32) -> Self {
        let only = |own| move |id| (id == own).then_some(0);
        Self::mapped(only(user), only(group))
    }

    /// As the user namespace has it, in which the files were made: `None` for an id that is not in it.
    pub fn mapped(
        users: impl Fn(u32) -> Option<u32> + Send + Sync + 'static,
        groups: impl Fn(u32) -> Option<u32> + Send + Sync + 'static,
    ) -> Self {
        Self {
            users: Arc::new(users),
            groups: Arc::new(groups),
        }
    }
}

pub(super) fn entries(upper: &Path, owners: &Owners) -> Result<Vec<Entry>, LayerError> {
    let mut found = Vec::new();
    let mut open = vec![(upper.to_owned(), EntryPath::default())];
    while let Some((folder, path)) = open.pop() {
        for (child, path) in children(&folder, &path)? {
            let Some(entry) = found_at(&child, &path, owners)? else {
                continue;
            };
            if entry.entry.kind == EntryKind::Folder {
                found.extend(opaque(&child, &path)?);
                open.push((child, path));
            }
            found.push(entry);
        }
    }
    found.sort_by(|a, b| a.entry.path.cmp(&b.entry.path));
    Ok(with_hard_links(found))
}

struct Found {
    entry: Entry,
    /// Device and inode of what has several names.
    shared: Option<(u64, u64)>,
}

/// The first name in the order of paths is the file, since a link must come after it.
fn with_hard_links(found: Vec<Found>) -> Vec<Entry> {
    let mut first: HashMap<(u64, u64), EntryPath> = HashMap::new();
    let link = |Found { mut entry, shared }: Found| {
        if let Some(id) = shared {
            match first.get(&id) {
                Some(target) => entry.kind = EntryKind::HardLink(target.clone()),
                None => drop(first.insert(id, entry.path.clone())),
            }
        }
        entry
    };
    found.into_iter().map(link).collect()
}

fn children(folder: &Path, path: &EntryPath) -> Result<Vec<(PathBuf, EntryPath)>, LayerError> {
    let mut children = Vec::new();
    for entry in fs::read_dir(folder).map_err(read(folder))? {
        let entry = entry.map_err(read(folder))?;
        let child = path
            .child(entry.file_name().as_bytes())
            .map_err(|error| read(&entry.path())(io::Error::other(error)))?;
        children.push((entry.path(), child));
    }
    Ok(children)
}

fn read(path: &Path) -> impl FnOnce(io::Error) -> LayerError + use<> {
    let path = path.to_owned();
    move |source| LayerError::Read { path, source }
}

/// `None` for sockets, which a tar cannot hold: they mean nothing once their program has ended, and key
/// agents leave them behind. Docker leaves them out too.
fn found_at(file: &Path, path: &EntryPath, owners: &Owners) -> Result<Option<Found>, LayerError> {
    let metadata = fs::symlink_metadata(file).map_err(read(file))?;
    if metadata.file_type().is_socket() {
        tracing::warn!(%path, "a socket is left out of the layer");
        return Ok(None);
    }
    let kind = kind(file, &metadata)?;
    let mut entry = Entry::new(path.clone(), kind, metadata.mode() & 0o7777);
    if entry.kind == EntryKind::Whiteout {
        return Ok(Some(Found {
            entry,
            shared: None,
        }));
    }
    entry.uid = owner(&owners.users, path, "user", metadata.uid())?;
    entry.gid = owner(&owners.groups, path, "group", metadata.gid())?;
    if let EntryKind::File(_) = entry.kind {
        entry.capability = attribute(file, "security.capability")?.map(portable);
    }
    let several = metadata.nlink() > 1 && entry.kind != EntryKind::Folder;
    Ok(Some(Found {
        entry,
        shared: several.then(|| (metadata.dev(), metadata.ino())),
    }))
}

fn kind(file: &Path, metadata: &Metadata) -> Result<EntryKind, LayerError> {
    let kind = metadata.file_type();
    let device = metadata.rdev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    match () {
        () if kind.is_dir() => Ok(EntryKind::Folder),
        () if kind.is_char_device() && device == 0 => Ok(EntryKind::Whiteout),
        () if kind.is_symlink() => {
            let target = fs::read_link(file).map_err(read(file))?;
            Ok(EntryKind::Symlink(target.into_os_string()))
        }
        () if kind.is_fifo() => Ok(EntryKind::Fifo),
        () if kind.is_char_device() => Ok(EntryKind::CharDevice { major, minor }),
        () if kind.is_block_device() => Ok(EntryKind::BlockDevice { major, minor }),
        () if is_marked_whiteout(file, metadata)? => Ok(EntryKind::Whiteout),
        () => Ok(EntryKind::File(Source::Path(file.to_owned()))),
    }
}

fn opaque(folder: &Path, path: &EntryPath) -> Result<Option<Found>, LayerError> {
    let mark = Found {
        entry: Entry::new(path.clone(), EntryKind::Opaque, 0),
        shared: None,
    };
    Ok(is_opaque(folder, path)?.then_some(mark))
}

fn owner(map: &IdMap, path: &EntryPath, what: &'static str, id: u32) -> Result<u32, LayerError> {
    map(id).ok_or_else(|| LayerError::Owner {
        path: path.to_string(),
        what,
        id,
    })
}

/// Whiteouts of kernels from 6.7: an empty file with an attribute.
fn is_marked_whiteout(file: &Path, metadata: &Metadata) -> Result<bool, LayerError> {
    if metadata.len() > 0 {
        return Ok(false);
    }
    Ok(overlay_attribute(file, "whiteout")?.is_some())
}

fn is_opaque(folder: &Path, path: &EntryPath) -> Result<bool, LayerError> {
    if overlay_attribute(folder, "redirect")?.is_some() {
        return Err(LayerError::OverlayFeature {
            path: path.to_string(),
            attribute: "overlay.redirect".to_owned(),
        });
    }
    let opaque = overlay_attribute(folder, "opaque")?;
    Ok(opaque.is_some_and(|value| value == b"y"))
}

fn overlay_attribute(file: &Path, name: &str) -> Result<Option<Vec<u8>>, LayerError> {
    for namespace in ["trusted", "user"] {
        let value = attribute(file, &format!("{namespace}.overlay.{name}"))?;
        if value.is_some() {
            return Ok(value);
        }
    }
    Ok(None)
}

fn attribute(file: &Path, name: &str) -> Result<Option<Vec<u8>>, LayerError> {
    let mut value = [0; 1024];
    match rustix::fs::lgetxattr(file, name, &mut value) {
        Ok(length) => Ok(Some(value[..length].to_vec())),
        Err(Errno::NODATA | Errno::NOTSUP) => Ok(None),
        Err(error) => Err(read(file)(error.into())),
    }
}

/// Version 3 of a file's capabilities names the root of one user namespace, which means nothing
/// elsewhere; version 2 is the same without it (`linux/capability.h`).
fn portable(mut value: Vec<u8>) -> Vec<u8> {
    const VERSION_2_SIZE: usize = 20;
    if value.len() == 24 && value[3] == 3 {
        value[3] = 2;
        value.truncate(VERSION_2_SIZE);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_lose_the_user_namespace_they_were_given_in() {
        let version_2 = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let mut version_3 = version_2.to_vec();
        version_3[3] = 3;
        version_3.extend(100_000_u32.to_le_bytes());
        assert_eq!(portable(version_3), version_2);
        assert_eq!(portable(version_2.to_vec()), version_2);
    }
}
