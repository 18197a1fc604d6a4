//! What is written comes out again, and no bytes make the reader panic.

use std::collections::BTreeMap;
use std::io::Cursor;

use proptest::prelude::*;
use towpath_archive::{EntryPath, Limits, zip};

use crate::support::{show, unpack_bytes};

/// Files in up to two levels of folders; folder names and file names do not meet.
fn files() -> impl Strategy<Value = BTreeMap<String, (bool, Vec<u8>)>> {
    let name = "(d[a-c]/){0,2}f[a-zäß \\\\:*-]{0,6}";
    prop::collection::btree_map(
        name,
        (any::<bool>(), prop::collection::vec(any::<u8>(), 0..2000)),
        0..12,
    )
}

fn write(files: &BTreeMap<String, (bool, Vec<u8>)>) -> Vec<u8> {
    let mut writer = zip::Writer::new(Cursor::new(Vec::new()));
    for (name, (executable, content)) in files {
        let path: EntryPath = name.parse().unwrap();
        let mode = if *executable { 0o755 } else { 0o644 };
        writer
            .file(&path, mode, content.len() as u64, &mut &content[..])
            .unwrap();
    }
    writer.finish().unwrap().into_inner()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_packed_is_unpacked(files in files()) {
        let bytes = write(&files);
        prop_assert_eq!(&bytes, &write(&files));
        let dest = tempfile::tempdir().unwrap();
        unpack_bytes(&bytes, dest.path(), &Limits::default()).unwrap();
        let mut expected: Vec<_> = files
            .iter()
            .map(|(name, (executable, content))| {
                let mode = if *executable { "755" } else { "644" };
                format!("{name} {mode} {}", String::from_utf8_lossy(content))
            })
            .collect();
        expected.sort();
        prop_assert_eq!(show(dest.path()), expected);
    }

    #[test]
    fn damaged_archives_never_panic(files in files(), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = write(&files);
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let dest = tempfile::tempdir().unwrap();
        let limits = Limits { files: 1000, total_bytes: 1 << 20, ratio: 100 };
        let _either = unpack_bytes(&bytes, &dest.path().join("in"), &limits);
        let outside: Vec<_> = std::fs::read_dir(dest.path()).unwrap().collect();
        prop_assert!(outside.len() <= 1);
    }
}

#[test]
fn names_that_are_not_utf_8_survive() {
    let mut writer = zip::Writer::new(Cursor::new(Vec::new()));
    let path = EntryPath::parse(b"caf\xe9").unwrap();
    let link = EntryPath::parse(b"l\xff").unwrap();
    writer.file(&path, 0o644, 1, &mut &b"x"[..]).unwrap();
    writer.link(&link, b"caf\xe9").unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    let dest = tempfile::tempdir().unwrap();
    unpack_bytes(&bytes, dest.path(), &Limits::default()).unwrap();
    assert_eq!(
        std::fs::read(dest.path().join(link.as_path())).unwrap(),
        b"x"
    );
}

#[test]
fn a_writer_refuses_a_wrong_size_and_a_second_entry_of_a_name() {
    let path: EntryPath = "a".parse().unwrap();
    let mut writer = zip::Writer::new(Cursor::new(Vec::new()));
    assert!(writer.file(&path, 0o644, 2, &mut &b"x"[..]).is_err());
    let mut writer = zip::Writer::new(Cursor::new(Vec::new()));
    assert!(writer.file(&path, 0o644, 1, &mut &b"xy"[..]).is_err());
    let mut writer = zip::Writer::new(Cursor::new(Vec::new()));
    writer.file(&path, 0o644, 1, &mut &b"x"[..]).unwrap();
    assert!(writer.link(&path, b"b").is_err());
}
