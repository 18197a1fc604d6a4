use std::fs;
use std::io::{Read, Write};

use towpath_archive::beneath::{Folder, Kind};

use crate::support::{folder, path, show};

#[test]
fn links_are_seen_and_not_followed() {
    let dir = folder(&[("a/b", "b"), ("l->a", ""), ("out->/etc", "")]);
    let beneath = Folder::open(dir.path()).unwrap();
    assert_eq!(beneath.kind(&path("l")).unwrap(), Some(Kind::Link));
    assert_eq!(beneath.kind(&path("a")).unwrap(), Some(Kind::Folder));
    assert_eq!(beneath.kind(&path("no/where")).unwrap(), None);
    assert!(beneath.open_file(&path("l/b")).is_err());
    assert!(beneath.create_file(&path("l/c"), 0o644).is_err());
    assert!(beneath.create_dir_all(&path("l/d/e")).is_err());
    assert!(beneath.open_file_following(&path("out/passwd")).is_err());
    let mut text = String::new();
    beneath
        .open_file_following(&path("l/b"))
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "b");
    assert_eq!(show(dir.path()), ["a/b 644 b", "l -> a", "out -> /etc"]);
}

#[test]
fn files_folders_and_links_are_made_and_removed() {
    let dir = folder(&[]);
    let beneath = Folder::open(dir.path()).unwrap();
    assert_eq!(beneath.create_dir_all(&path("a/b/c")).unwrap(), 3);
    assert_eq!(beneath.create_dir_all(&path("a/b/c")).unwrap(), 0);
    beneath
        .create_file(&path("a/b/c/x"), 0o4777)
        .unwrap()
        .write_all(b"x")
        .unwrap();
    assert!(beneath.create_file(&path("a/b/c/x"), 0o644).is_err());
    beneath.hard_link(&path("a/b/c/x"), &path("y")).unwrap();
    beneath.symlink(&path("a/l"), b"b").unwrap();
    assert_eq!(show(dir.path()), ["a/b/c/x 777 x", "a/l -> b", "y 777 x"]);
    let names: Vec<_> = beneath
        .read_dir(Some(&path("a")))
        .unwrap()
        .into_iter()
        .map(|(name, _)| name.to_string())
        .collect();
    assert_eq!(names, ["b", "l"]);
    beneath.remove_all(&path("a")).unwrap();
    beneath.remove_all(&path("a")).unwrap();
    assert_eq!(show(dir.path()), ["y 777 x"]);
}

#[test]
fn removing_a_link_leaves_what_it_points_to() {
    let outside = folder(&[("x", "x")]);
    let dir = folder(&[]);
    std::os::unix::fs::symlink(outside.path(), dir.path().join("l")).unwrap();
    Folder::open(dir.path())
        .unwrap()
        .remove_all(&path("l"))
        .unwrap();
    assert!(fs::exists(outside.path().join("x")).unwrap());
}

#[test]
fn deep_folders_are_made_and_removed() {
    let dir = folder(&[]);
    let beneath = Folder::open(dir.path()).unwrap();
    let deep = path(&"a/".repeat(600));
    assert_eq!(beneath.create_dir_all(&deep).unwrap(), 600);
    beneath.remove_all(&path("a")).unwrap();
    assert_eq!(beneath.kind(&path("a")).unwrap(), None);
}
