//! The buildspec's `artifacts`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use towpath_archive::{Limits, zip};
use towpath_model::workspace::Selection;

use crate::support::{folder, show};

fn select(files: &[&str]) -> Selection {
    Selection {
        files: files.iter().map(|glob| (*glob).to_owned()).collect(),
        ..Selection::default()
    }
}

/// Packs and shows what comes out of unpacking.
fn packed(root: &Path, selection: &Selection) -> Result<Vec<String>, String> {
    let work = tempfile::tempdir().unwrap();
    let archive = work.path().join("a.zip");
    let packed = zip::pack(root, selection, &archive).map_err(|error| {
        assert!(!archive.exists(), "a failed pack left a file");
        error.to_string()
    })?;
    let unpacked = zip::unpack(&archive, &work.path().join("out"), &Limits::default()).unwrap();
    assert_eq!(
        (packed.files, packed.bytes),
        (unpacked.files, unpacked.bytes)
    );
    Ok(show(&work.path().join("out")))
}

#[track_caller]
fn check(root: &[(&str, &str)], selection: &Selection, expected: &[&str]) {
    assert_eq!(packed(folder(root).path(), selection).unwrap(), expected);
}

#[track_caller]
fn check_error(root: &[(&str, &str)], selection: &Selection, expected: &str) {
    let error = packed(folder(root).path(), selection).unwrap_err();
    assert!(error.contains(expected), "{error}");
}

const TREE: &[(&str, &str)] = &[
    ("app*", "bin"),
    (".hidden", "h"),
    ("dist/index.html", "i"),
    ("dist/js/a.js", "a"),
    ("dist/js/.b", "b"),
];

#[test]
fn files_are_chosen_by_globs() {
    check(
        TREE,
        &select(&["**/*"]),
        &[
            ".hidden 644 h",
            "app 755 bin",
            "dist/index.html 644 i",
            "dist/js/.b 644 b",
            "dist/js/a.js 644 a",
        ],
    );
    check(TREE, &select(&["app", "nothing"]), &["app 755 bin"]);
    check(TREE, &select(&["dist/*"]), &["dist/index.html 644 i"]);
    check(
        TREE,
        &select(&["dist/**/*.js", "app"]),
        &["app 755 bin", "dist/js/a.js 644 a"],
    );
}

#[test]
fn the_base_directory_is_not_part_of_the_names_and_may_be_a_glob() {
    let based = |base: &str| Selection {
        base_dir: Some(base.to_owned()),
        ..select(&["**/*"])
    };
    check(TREE, &based("dist/js"), &[".b 644 b", "a.js 644 a"]);
    check(TREE, &based("./dist/js/"), &[".b 644 b", "a.js 644 a"]);
    let two = &[
        ("my-a/x", "x"),
        ("my-b/y", "y"),
        ("other/z", "z"),
        ("sub/my-c/w", "w"),
    ];
    check(two, &based("my-*"), &["x 644 x", "y 644 y"]);
    check_error(
        TREE,
        &based("missing"),
        "no folder matches base-directory `missing`",
    );
    check_error(TREE, &based("app"), "no folder matches");
    let clash = &[("my-a/x", "1"), ("my-b/x", "2")];
    check_error(
        clash,
        &based("my-*"),
        "`x` would be in the artifact twice: from `my-a/x` and from `my-b/x`",
    );
    let mixed = &[("my-a/x", "1"), ("my-b/x/y", "2")];
    check_error(mixed, &based("my-*"), "`x` would be in the artifact twice");
}

#[test]
fn exclude_paths_take_files_out_again() {
    let excluding = |globs: &[&str]| Selection {
        exclude: select(globs).files,
        ..select(&["**/*"])
    };
    check(
        TREE,
        &excluding(&["**/.*", "dist/js/**/*"]),
        &["app 755 bin", "dist/index.html 644 i"],
    );
    check_error(
        TREE,
        &excluding(&["**/*"]),
        "no file matches `**/*` without the exclude-paths",
    );
}

#[test]
fn discard_paths_flattens_and_refuses_clashes() {
    let flat = Selection {
        discard_paths: true,
        ..select(&["dist/**/*"])
    };
    check(TREE, &flat, &[".b 644 b", "a.js 644 a", "index.html 644 i"]);
    check_error(
        &[("dist/a/x", "1"), ("dist/b/x", "2")],
        &flat,
        "`x` would be in the artifact twice",
    );
    check(
        &[("dist/a/x", "1"), ("dist/l->a/x", "")],
        &flat,
        &["l 644 1", "x 644 1"],
    );
}

#[test]
fn nothing_to_pack_is_an_error_that_says_what_was_looked_for() {
    check_error(
        TREE,
        &select(&["target/*.jar"]),
        "no file matches `target/*.jar`; a folder's files",
    );
    check_error(TREE, &select(&["dist"]), "no file matches `dist`");
    check_error(
        TREE,
        &select(&["/abs/x"]),
        "`/abs/x` in `files` is not a glob: it is absolute",
    );
}

#[test]
fn links_stay_links_where_they_can_and_never_leave() {
    check(
        &[("a", "1"), ("l->a", "")],
        &select(&["**/*"]),
        &["a 644 1", "l -> a"],
    );
    check(
        &[("d/a", "1"), ("l->d", "")],
        &select(&["**/*"]),
        &["d/a 644 1", "l -> d"],
    );
    check(
        &[("d/a", "1"), ("l->d/a", "")],
        &select(&["l"]),
        &["l 644 1"],
    );
    check(&[("l->missing", "")], &select(&["**/*"]), &["l -> missing"]);
    let based = Selection {
        base_dir: Some("dist".to_owned()),
        ..select(&["**/*"])
    };
    check(&[("x", "1"), ("dist/l->../x", "")], &based, &["l 644 1"]);
    check_error(
        &[("l->/etc/passwd", "")],
        &select(&["**/*"]),
        "`l`: is a link to `/etc/passwd`, which leaves",
    );
    check_error(
        &[("l->../../../../etc/passwd", "")],
        &select(&["l"]),
        "which leaves",
    );
}

#[test]
fn a_socket_in_the_folder_is_named() {
    let root = folder(&[("a", "1")]);
    let _socket = std::os::unix::net::UnixListener::bind(root.path().join("s")).unwrap();
    let error = packed(root.path(), &select(&["**/*"])).unwrap_err();
    assert!(error.contains("`s`: is neither a file"), "{error}");
    assert_eq!(packed(root.path(), &select(&["a"])).unwrap(), ["a 644 1"]);
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let work = tempfile::tempdir().unwrap();
    let [one, two] = ["1.zip", "2.zip"].map(|name| work.path().join(name));
    let first = folder(TREE);
    zip::pack(first.path(), &select(&["**/*"]), &one).unwrap();
    let mut reversed = TREE.to_vec();
    reversed.reverse();
    let second = folder(&reversed);
    zip::pack(second.path(), &select(&["dist/**/*", "**/*"]), &two).unwrap();
    assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());

    fs::set_permissions(
        second.path().join(".hidden"),
        fs::Permissions::from_mode(0o600),
    )
    .unwrap();
    fs::remove_file(&two).unwrap();
    zip::pack(second.path(), &select(&["**/*"]), &two).unwrap();
    assert_ne!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
}
