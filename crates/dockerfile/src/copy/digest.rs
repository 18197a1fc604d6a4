use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;

use towpath_model::{Digest, Hasher};

use super::{CopyError, Gathered};
use crate::tree::{Kind, Node};

/// Identifies what is copied: names, kinds, modes, contents and the targets of links. Not times, which
/// layers do not keep.
pub(crate) fn digest(gathered: &[Gathered]) -> Result<Digest, CopyError> {
    let mut hasher = Hasher::new();
    for source in gathered {
        field(
            &mut hasher,
            b"source",
            source.name.as_path().as_os_str().as_bytes(),
        );
        add(&mut hasher, source, &source.top)?;
        for node in &source.below {
            add(&mut hasher, source, node)?;
        }
    }
    Ok(hasher.finish())
}

fn add(hasher: &mut Hasher, source: &Gathered, node: &Node) -> Result<(), CopyError> {
    let relative = node
        .path
        .as_path()
        .strip_prefix(source.top.path.as_path())
        .unwrap_or(node.path.as_path());
    field(hasher, b"path", relative.as_os_str().as_bytes());
    field(hasher, b"mode", &node.mode.to_be_bytes());
    match &node.kind {
        Kind::Folder => field(hasher, b"folder", b""),
        Kind::Symlink(target) => field(hasher, b"link", target.as_os_str().as_bytes()),
        Kind::Special => field(hasher, b"special", b""),
        Kind::File => {
            let content = file_digest(node).map_err(CopyError::io(&node.path))?;
            field(hasher, b"file", content.hex().as_bytes());
        }
    }
    Ok(())
}

/// Lengths go in too, so that no two sequences of fields are the same bytes.
fn field(hasher: &mut Hasher, name: &[u8], value: &[u8]) {
    hasher.update(name);
    hasher.update(&(value.len() as u64).to_be_bytes());
    hasher.update(value);
}

fn file_digest(node: &Node) -> io::Result<Digest> {
    let mut hasher = Hasher::new();
    io::copy(&mut File::open(&node.file)?, &mut hasher)?;
    Ok(hasher.finish())
}
