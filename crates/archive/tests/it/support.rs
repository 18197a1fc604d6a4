use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use ::zip::write::{FileOptions, SimpleFileOptions};
use ::zip::{CompressionMethod, ZipWriter};
use tempfile::TempDir;
use towpath_archive::{EntryPath, Error, Limits, zip};

/// Writes files into a new folder: `("a/b", "text")`; a name that ends in `*` is executable, one with
/// `->` a link.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        if let Some((name, target)) = name.split_once("->") {
            create_parent(&dir.path().join(name));
            symlink(target, dir.path().join(name)).unwrap();
            continue;
        }
        let executable = name.ends_with('*');
        let path = dir.path().join(name.trim_end_matches('*'));
        create_parent(&path);
        fs::write(&path, content).unwrap();
        let mode = if executable { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    dir
}

fn create_parent(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
}

/// Everything in a folder, one line a file: path, mode, content or link target. Sorted.
pub(crate) fn show(dir: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    show_into(dir, dir, &mut lines);
    lines.sort();
    lines
}

fn show_into(top: &Path, dir: &Path, lines: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(top).unwrap().display().to_string();
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            show_into(top, &path, lines);
        } else if metadata.is_symlink() {
            lines.push(format!(
                "{name} -> {}",
                fs::read_link(&path).unwrap().display()
            ));
        } else {
            let mode = metadata.permissions().mode() & 0o7777;
            let content = fs::read(&path).unwrap();
            lines.push(format!(
                "{name} {mode:o} {}",
                String::from_utf8_lossy(&content)
            ));
        }
    }
}

pub(crate) const FILE: u32 = 0o100_644;
pub(crate) const LINK: u32 = 0o120_777;

/// A zip from raw names, unix modes and contents, written without any check.
pub(crate) fn raw_zip(entries: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, content) in entries {
        let options: FileOptions<'_, '_, ()> = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .external_attributes(mode << 16)
            .name(name.as_bytes());
        writer.start_file_with_options(options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn unpack_bytes(
    bytes: &[u8],
    dest: &Path,
    limits: &Limits,
) -> Result<zip::Unpacked, Error> {
    zip::unpack_from(Cursor::new(bytes), bytes.len() as u64, dest, limits)
}

pub(crate) fn path(text: &str) -> EntryPath {
    text.parse().unwrap()
}
