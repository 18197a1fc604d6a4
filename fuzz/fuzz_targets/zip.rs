#![no_main]
//! No archive writes outside of its folder, beyond its limits, or panics.

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use towpath_archive::{Limits, zip};

const LIMITS: Limits = Limits { files: 100, total_bytes: 1 << 20, ratio: 100 };

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let (inside, canary) = (folder.path().join("inside"), folder.path().join("canary"));
    std::fs::write(&canary, "untouched").expect("a canary");
    let size = bytes.len() as u64;
    // Refusing is fine.
    let _ = zip::unpack_from(Cursor::new(bytes), size, &inside, &LIMITS);
    assert_eq!(std::fs::read(&canary).expect("the canary"), b"untouched");
    let entries = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert!(entries <= 2, "something was written beside the folder");
});
