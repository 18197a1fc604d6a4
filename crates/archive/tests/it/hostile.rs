//! Archives made to harm.

use std::fs;
use std::io::Cursor;

use towpath_archive::{Error, Exceeded, Limits, Refusal, zip};

use crate::support::{FILE, LINK, folder, path, raw_zip, show, unpack_bytes};

/// Unpacks beside a file that nothing may touch and gives the error's text.
#[track_caller]
fn refused(entries: &[(&str, u32, &[u8])]) -> String {
    let outer = folder(&[("outside", "untouched")]);
    let result = unpack_bytes(
        &raw_zip(entries),
        &outer.path().join("in"),
        &Limits::default(),
    );
    let error = result.expect_err("the archive must be refused");
    fs::remove_dir_all(outer.path().join("in")).unwrap();
    assert_eq!(show(outer.path()), ["outside 644 untouched"]);
    error.to_string()
}

#[test]
fn paths_that_leave_are_refused_by_name() {
    for (name, reason) in [
        (
            "../outside",
            "`../outside`: the path leaves the folder with `..`",
        ),
        ("a/../../outside", "`a/../../outside`: the path leaves"),
        ("/etc/x", "`/etc/x`: the path is absolute"),
        ("a\0b", "contains a NUL byte"),
        ("", "the path is empty"),
    ] {
        let message = refused(&[(name, FILE, b"x")]);
        assert!(message.contains(reason), "{name:?}: {message}");
    }
}

#[test]
fn links_that_leave_are_made_and_not_followed() {
    for target in ["/etc/passwd", "..", "../outside", "x/../../outside"] {
        let outer = folder(&[("outside", "untouched")]);
        let bytes = raw_zip(&[("l", LINK, target.as_bytes())]);
        unpack_bytes(&bytes, &outer.path().join("in"), &Limits::default()).unwrap();
        let link = fs::read_link(outer.path().join("in/l")).unwrap();
        assert_eq!(link.to_str(), Some(target));
        let message = refused(&[("l", LINK, target.as_bytes()), ("l/x", FILE, b"x")]);
        assert_eq!(message, "`l/x`: a folder on its path is a link");
    }
}

#[test]
fn links_without_a_target_are_refused() {
    for target in ["", "a\0b"] {
        let message = refused(&[("l", LINK, target.as_bytes())]);
        assert!(message.contains("without a target"), "{message}");
    }
}

#[test]
fn nothing_is_written_through_a_link() {
    let message = refused(&[
        ("real/x", FILE, b"x"),
        ("l", LINK, b"real"),
        ("l/y", FILE, b"y"),
    ]);
    assert_eq!(message, "`l/y`: a folder on its path is a link");
    let message = refused(&[("l", LINK, b"target"), ("./l", FILE, b"x")]);
    assert_eq!(message, "`l`: appears twice");
}

#[test]
fn entries_that_contradict_each_other_are_refused() {
    for (entries, reason) in [
        (
            [("a", FILE, b"1"), ("./a", FILE, b"2")],
            "`a`: appears twice",
        ),
        (
            [("a", FILE, b"1"), ("a/b", FILE, b"2")],
            "`a/b`: a folder on its path is a file",
        ),
        (
            [("a/b", FILE, b"1"), ("a", FILE, b"2")],
            "`a`: is there already",
        ),
    ] {
        assert_eq!(
            refused(&entries.map(|(name, mode, content)| (name, mode, &content[..]))),
            reason
        );
    }
}

#[test]
fn the_same_name_twice_in_the_directory_is_refused() {
    let mut bytes = raw_zip(&[("aa", FILE, b"1"), ("ab", FILE, b"2")]);
    for at in 0..bytes.len() - 1 {
        if &bytes[at..at + 2] == b"ab" {
            bytes[at + 1] = b'a';
        }
    }
    let dest = tempfile::tempdir().unwrap();
    let error = unpack_bytes(&bytes, dest.path(), &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("twice"), "{error}");
}

#[test]
fn devices_are_refused_and_set_id_bits_dropped() {
    for kind in [0o020_000, 0o060_000, 0o010_000, 0o140_000] {
        assert!(refused(&[("dev", kind | 0o644, b"")]).contains("device"));
    }
    let dest = tempfile::tempdir().unwrap();
    unpack_bytes(
        &raw_zip(&[("su", 0o104_755, b"x")]),
        dest.path(),
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(show(dest.path()), ["su 755 x"]);
}

#[test]
fn bombs_are_stopped_by_each_limit() {
    let zeros = vec![0; 1 << 20];
    let bytes = raw_zip(&[("a", FILE, &zeros), ("b/c/d", FILE, &zeros)]);
    let all = Limits::default();
    for (limits, expected) in [
        (Limits { files: 3, ..all }, Exceeded::Files(3)),
        (
            Limits {
                total_bytes: (2 << 20) - 1,
                ..all
            },
            Exceeded::Bytes((2 << 20) - 1),
        ),
    ] {
        let dest = tempfile::tempdir().unwrap();
        let error = unpack_bytes(&bytes, dest.path(), &limits).unwrap_err();
        assert!(
            matches!(error, Error::Limit(exceeded) if exceeded == expected),
            "{error}"
        );
    }
    let dest = tempfile::tempdir().unwrap();
    unpack_bytes(
        &bytes,
        dest.path(),
        &Limits {
            files: 4,
            total_bytes: 2 << 20,
            ..all
        },
    )
    .unwrap();
}

#[test]
fn bytes_that_are_no_zip_are_an_error() {
    let good = raw_zip(&[(
        "a",
        FILE,
        b"content that is long enough to be compressed, to be compressed",
    )]);
    let dest = tempfile::tempdir().unwrap();
    for bytes in [&b""[..], b"PK", &good[..good.len() / 2], &[0; 1000]] {
        assert!(unpack_bytes(bytes, dest.path(), &Limits::default()).is_err());
    }
    let mut flipped = good.clone();
    flipped[40] ^= 0xff;
    let error = unpack_bytes(&flipped, &dest.path().join("x"), &Limits::default()).unwrap_err();
    assert!(
        error.to_string().starts_with("`a`: cannot be unpacked"),
        "{error}"
    );
}

#[test]
fn what_is_there_already_is_kept_or_replaced_as_asked() {
    let archive = folder(&[]);
    let file = archive.path().join("a.zip");
    fs::write(
        &file,
        raw_zip(&[
            ("a", FILE, b"new"),
            ("l", LINK, b"a"),
            ("sub/x", FILE, b"x"),
        ]),
    )
    .unwrap();

    let dest = folder(&[("a", "old"), ("l", "old"), ("kept", "k")]);
    let error = zip::unpack(&file, dest.path(), &Limits::default()).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Entry {
                reason: Refusal::Exists,
                ..
            }
        ),
        "{error}"
    );

    zip::unpack_over(&file, dest.path(), &Limits::default()).unwrap();
    assert_eq!(
        show(dest.path()),
        ["a 644 new", "kept 644 k", "l -> a", "sub/x 644 x"]
    );

    let through = folder(&[("real/y", "y"), ("sub->real", "")]);
    let error = zip::unpack_over(&file, through.path(), &Limits::default()).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Entry {
                reason: Refusal::ThroughLink,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn reading_one_file_keeps_its_limit_and_follows_links_only_within() {
    let bytes = raw_zip(&[
        ("dir/a", FILE, b"12345"),
        ("l", LINK, b"dir/a"),
        ("out", LINK, b"../x"),
        ("loop", LINK, b"loop"),
    ]);
    let mut reader = zip::Reader::new(Cursor::new(bytes)).unwrap();
    assert_eq!(reader.read(&path("l"), 5).unwrap().unwrap(), b"12345");
    assert!(reader.read(&path("dir/a"), 4).is_err());
    assert_eq!(reader.read(&path("missing"), 5).unwrap(), None);
    assert!(reader.read(&path("out"), 5).is_err());
    assert!(reader.read(&path("loop"), 5).is_err());
}
