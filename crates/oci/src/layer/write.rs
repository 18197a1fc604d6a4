//! The tar of a layer (image specification, "Image Layer Filesystem Changeset").

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use flate2::write::GzEncoder;
use rustix::fs::{Mode, OFlags};
use tar::{EntryType, Header};
use towpath_model::Timestamp;

use super::sink::{BlobSink, Digesting};
use super::{Entry, EntryKind, EntryPath, LayerError, Source};
use crate::image::{Compression, Layer};

const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
/// What the fields of a ustar header hold at most; larger values go into an extended header.
const NAME_FIELD: usize = 100;
const ID_FIELD: u32 = 0o7_777_777;
const SIZE_FIELD: u64 = 0o77_777_777_777;

type Tar = tar::Builder<Digesting<GzEncoder<BlobSink>>>;

pub(super) fn write(
    sink: BlobSink,
    mut entries: Vec<Entry>,
    mtime: Timestamp,
) -> Result<Layer, LayerError> {
    entries.sort_by(|a, b| order(a).cmp(&order(b)));
    check(&entries)?;
    // From push to running counts more than the last tenth of the size.
    let gzip = GzEncoder::new(sink, flate2::Compression::fast());
    let mut tar = tar::Builder::new(Digesting::new(gzip));
    let seconds = u64::try_from(mtime.0 / 1000).unwrap_or(0);
    for entry in &entries {
        append(&mut tar, entry, seconds)?;
    }
    let (gzip, hasher) = tar.into_inner().map_err(LayerError::Write)?.into_parts();
    let blob = gzip.finish().map_err(LayerError::Write)?.finish()?;
    Ok(Layer {
        digest: blob.digest,
        diff_id: hasher.finish(),
        size: blob.size,
        compression: Compression::Gzip,
    })
}

/// By path; the mark that a folder is opaque comes after the folder.
fn order(entry: &Entry) -> (&EntryPath, bool) {
    (&entry.path, entry.kind == EntryKind::Opaque)
}

fn check(entries: &[Entry]) -> Result<(), LayerError> {
    let twice = entries
        .windows(2)
        .find(|pair| order(&pair[0]) == order(&pair[1]));
    if let Some(pair) = twice {
        return Err(LayerError::Twice(pair[0].path.to_string()));
    }
    let reserved = |entry: &&Entry| {
        let mut names = entry.path.as_bytes().split(|b| *b == b'/');
        names.any(|name| name.starts_with(WHITEOUT))
    };
    match entries.iter().find(reserved) {
        Some(entry) => Err(LayerError::Reserved(entry.path.to_string())),
        None => Ok(()),
    }
}

fn append(tar: &mut Tar, entry: &Entry, mtime: u64) -> Result<(), LayerError> {
    match &entry.kind {
        EntryKind::File(Source::Bytes(bytes)) => {
            let size = bytes.len() as u64;
            append_tar(
                tar,
                &TarEntry::file(entry, size),
                mtime,
                &mut bytes.as_slice(),
            )
        }
        EntryKind::File(Source::Path(path)) => append_file(tar, entry, path, mtime),
        _ => append_tar(tar, &TarEntry::special(entry), mtime, &mut io::empty()),
    }
}

/// The file is read as long as it was when it was opened: a tar cannot change its mind about a size.
fn append_file(tar: &mut Tar, entry: &Entry, path: &Path, mtime: u64) -> Result<(), LayerError> {
    let read = |source| LayerError::Read {
        path: path.to_owned(),
        source,
    };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| read(error.into()))?;
    let file = File::from(file);
    let metadata = file.metadata().map_err(read)?;
    if !metadata.is_file() {
        return Err(read(io::Error::other("it is not a regular file")));
    }
    let size = metadata.len();
    let mut content = Exactly {
        inner: file,
        left: size,
    };
    append_tar(tar, &TarEntry::file(entry, size), mtime, &mut content)
}

struct Exactly {
    inner: File,
    left: u64,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let read = self.inner.read(&mut buffer[..wanted])?;
        if read == 0 && wanted > 0 {
            return Err(io::Error::other("a file became shorter while it was read"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

/// An entry in tar's terms.
struct TarEntry<'a> {
    entry: &'a Entry,
    kind: EntryType,
    path: Vec<u8>,
    link: Option<Vec<u8>>,
    size: u64,
    device: Option<(u32, u32)>,
}

impl<'a> TarEntry<'a> {
    fn file(entry: &'a Entry, size: u64) -> Self {
        Self {
            size,
            ..Self::plain(entry, EntryType::Regular)
        }
    }

    fn special(entry: &'a Entry) -> Self {
        match &entry.kind {
            EntryKind::Folder => Self::folder(entry),
            EntryKind::Symlink(target) => Self {
                link: Some(target.as_bytes().to_vec()),
                ..Self::plain(entry, EntryType::Symlink)
            },
            EntryKind::HardLink(target) => Self {
                link: Some(target.as_bytes().to_vec()),
                ..Self::plain(entry, EntryType::Link)
            },
            EntryKind::Fifo => Self::plain(entry, EntryType::Fifo),
            EntryKind::CharDevice { major, minor } => Self {
                device: Some((*major, *minor)),
                ..Self::plain(entry, EntryType::Char)
            },
            EntryKind::BlockDevice { major, minor } => Self {
                device: Some((*major, *minor)),
                ..Self::plain(entry, EntryType::Block)
            },
            EntryKind::Whiteout => Self::whiteout(entry),
            EntryKind::Opaque => Self::opaque(entry),
            EntryKind::File(_) => Self::plain(entry, EntryType::Regular),
        }
    }

    fn plain(entry: &'a Entry, kind: EntryType) -> Self {
        Self {
            entry,
            kind,
            path: entry.path.as_bytes().to_vec(),
            link: None,
            size: 0,
            device: None,
        }
    }

    fn folder(entry: &'a Entry) -> Self {
        let mut folder = Self::plain(entry, EntryType::Directory);
        if entry.path.is_root() {
            folder.path.push(b'.');
        }
        folder.path.push(b'/');
        folder
    }

    fn whiteout(entry: &'a Entry) -> Self {
        let mut whiteout = Self::plain(entry, EntryType::Regular);
        let slash = whiteout.path.iter().rposition(|b| *b == b'/');
        let name = slash.map_or(0, |slash| slash + 1);
        whiteout.path.splice(name..name, WHITEOUT.iter().copied());
        whiteout
    }

    fn opaque(entry: &'a Entry) -> Self {
        let mut opaque = Self::plain(entry, EntryType::Regular);
        if !opaque.path.is_empty() {
            opaque.path.push(b'/');
        }
        opaque.path.extend_from_slice(OPAQUE);
        opaque
    }

    /// What does not fit into the header (POSIX pax, "extended header").
    fn extended(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut extended = Vec::new();
        if self.path.len() > NAME_FIELD {
            extended.push(("path", self.path.clone()));
        }
        if let Some(link) = self.link.as_ref().filter(|link| link.len() > NAME_FIELD) {
            extended.push(("linkpath", link.clone()));
        }
        if self.size > SIZE_FIELD {
            extended.push(("size", self.size.to_string().into_bytes()));
        }
        for (key, id) in [("uid", self.entry.uid), ("gid", self.entry.gid)] {
            if id > ID_FIELD {
                extended.push((key, id.to_string().into_bytes()));
            }
        }
        if let Some(capability) = &self.entry.capability {
            extended.push(("SCHILY.xattr.security.capability", capability.clone()));
        }
        extended
    }

    fn header(&self, mtime: u64) -> io::Result<Header> {
        let mut header = Header::new_ustar();
        header.set_entry_type(self.kind);
        header.set_mode(self.entry.mode & 0o7777);
        header.set_uid(u64::from(self.entry.uid.min(ID_FIELD)));
        header.set_gid(u64::from(self.entry.gid.min(ID_FIELD)));
        header.set_mtime(mtime);
        header.set_size(self.size.min(SIZE_FIELD));
        let fields = header.as_old_mut();
        copy(&mut fields.name, &self.path);
        if let Some(link) = &self.link {
            copy(&mut fields.linkname, link);
        }
        if let Some((major, minor)) = self.device {
            header.set_device_major(major)?;
            header.set_device_minor(minor)?;
        }
        header.set_cksum();
        Ok(header)
    }
}

fn copy(field: &mut [u8], text: &[u8]) {
    let length = text.len().min(field.len());
    field[..length].copy_from_slice(&text[..length]);
}

fn append_tar(
    tar: &mut Tar,
    entry: &TarEntry<'_>,
    mtime: u64,
    content: &mut dyn Read,
) -> Result<(), LayerError> {
    let extended = entry.extended();
    if !extended.is_empty() {
        let pairs = extended.iter().map(|(key, value)| (*key, value.as_slice()));
        tar.append_pax_extensions(pairs)
            .map_err(LayerError::Write)?;
    }
    let header = entry.header(mtime).map_err(LayerError::Write)?;
    tar.append(&header, content).map_err(LayerError::Write)
}
