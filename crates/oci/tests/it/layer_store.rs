//! Unpacking what friends and strangers packed. All of it is run as a plain user too.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tar::{EntryType, Header};
use towpath_model::{Digest, Timestamp};
use towpath_oci::image::Compression;
use towpath_oci::{Layer, Limits};

use crate::place::Place;
use crate::plain_user;

impl Place {
    async fn put(&self, tar: Vec<u8>) -> Layer {
        let blob = self.blobs.put(tar).await.unwrap();
        Layer {
            digest: blob.digest,
            diff_id: blob.digest,
            size: blob.size,
            compression: Compression::None,
        }
    }

    async fn unpack(&self, tar: Vec<u8>) -> Result<PathBuf, String> {
        let layer = self.put(tar).await;
        let unpacked = self.layers.unpacked(&layer).await;
        unpacked.map_err(|error| error.to_string())
    }

    /// Everything below the layers' folder, to see that nothing was left.
    fn left(&self) -> Vec<PathBuf> {
        let layers = self.data.path().join("layers");
        let folders = [layers.clone(), layers.join("unpacking")];
        let entries = folders
            .iter()
            .flat_map(|folder| fs::read_dir(folder).unwrap());
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| !path.ends_with("unpacking")).collect()
    }
}

/// Names are written as they are: the tar library would refuse what strangers write.
fn add(tar: &mut tar::Builder<Vec<u8>>, kind: EntryType, path: &str, link: &str, text: &str) {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(if kind == EntryType::Directory {
        0o750
    } else {
        0o640
    });
    header.set_size(text.len() as u64);
    header.set_uid(1234);
    header.set_gid(5678);
    header.set_mtime(1_000_000_000);
    header.set_device_major(1).unwrap();
    header.set_device_minor(3).unwrap();
    let fields = header.as_old_mut();
    fields.name[..path.len()].copy_from_slice(path.as_bytes());
    fields.linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_cksum();
    tar.append(&header, text.as_bytes()).unwrap();
}

type Item = (EntryType, &'static str, &'static str);

fn file(path: &'static str) -> Item {
    (EntryType::Regular, path, "")
}

fn folder(path: &'static str) -> Item {
    (EntryType::Directory, path, "")
}

fn symlink(path: &'static str, to: &'static str) -> Item {
    (EntryType::Symlink, path, to)
}

fn hard_link(path: &'static str, to: &'static str) -> Item {
    (EntryType::Link, path, to)
}

fn tar(items: &[Item]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (kind, path, link) in items {
        let text = if *kind == EntryType::Regular {
            *path
        } else {
            ""
        };
        add(&mut tar, *kind, path, link, text);
    }
    tar.into_inner().unwrap()
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn as_a_plain_user_too() {
    plain_user::run("layer_store::");
}

#[tokio::test]
async fn files_are_unpacked_with_their_attributes() {
    let place = Place::new();
    let items = [
        folder("d/"),
        file("d/f"),
        symlink("d/s", "/f"),
        hard_link("h", "d/f"),
        file("/absolute"),
        file("./dotted"),
        (EntryType::Fifo, "p", ""),
    ];
    let root = place.unpack(tar(&items)).await.unwrap();
    assert_eq!(fs::read_to_string(root.join("d/f")).unwrap(), "d/f");
    assert_eq!(fs::read_to_string(root.join("h")).unwrap(), "d/f");
    assert_eq!(fs::read_link(root.join("d/s")).unwrap(), Path::new("/f"));
    assert!(root.join("absolute").is_file() && root.join("dotted").is_file());
    assert!(fs::metadata(root.join("p")).unwrap().file_type().is_fifo());
    for (path, mode) in [("d", 0o750), ("d/f", 0o640)] {
        let metadata = fs::metadata(root.join(path)).unwrap();
        assert_eq!(metadata.mode() & 0o7777, mode, "{path}");
        assert_eq!(metadata.mtime(), 1_000_000_000, "{path}");
        let own = (
            rustix::process::geteuid().as_raw(),
            rustix::process::getegid().as_raw(),
        );
        let expected = if is_root() { (1234, 5678) } else { own };
        assert_eq!((metadata.uid(), metadata.gid()), expected, "{path}");
    }
}

#[tokio::test]
async fn every_compression_gives_the_same_files() {
    let plain = tar(&[file("f")]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    let cases = [
        (Compression::None, plain.clone()),
        (Compression::Gzip, gzip.finish().unwrap()),
        (
            Compression::Zstd,
            zstd::encode_all(plain.as_slice(), 3).unwrap(),
        ),
    ];
    for (compression, blob) in cases {
        let place = Place::new();
        let mut layer = place.put(blob).await;
        (layer.compression, layer.diff_id) = (compression, Digest::of(&plain));
        let root = place.layers.unpacked(&layer).await.unwrap();
        assert!(root.join("f").is_file(), "{compression:?}");
    }
}

#[tokio::test]
async fn paths_lead_nowhere_else() {
    let place = Place::new();
    let outside = tempfile::tempdir().unwrap();
    let target: &'static str = outside.path().to_str().unwrap().to_owned().leak();
    let items = [
        symlink("absolute", target),
        file("absolute/f"),
        symlink("up", "../../../../../../../../../tmp"),
        file("up/f"),
    ];
    // A link to what is not there cannot be gone through, as in a chroot.
    assert!(place.unpack(tar(&items)).await.is_err());
    let items = [
        folder("tmp/"),
        symlink("up", "../../../../../../../../../tmp"),
        file("up/f"),
        symlink("absolute", "/tmp"),
        file("absolute/g"),
    ];
    let root = place.unpack(tar(&items)).await.unwrap();
    assert!(root.join("tmp/f").is_file() && root.join("tmp/g").is_file());
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_hostile_is_refused_and_leaves_nothing() {
    let place = Place::new();
    let cases: [(&[Item], &str); 9] = [
        (&[file("../f")], "`..`"),
        (&[file("a/../../f")], "`..`"),
        (&[hard_link("h", "../../etc/passwd")], "`..`"),
        (&[hard_link("h", "/etc/passwd")], "cannot be linked"),
        (
            &[symlink("l", "/"), hard_link("h", "l/etc/passwd")],
            "cannot be linked",
        ),
        (&[file("f"), hard_link("f", "f")], "itself"),
        (
            &[folder("d/"), file("d/f"), file("d")],
            "a folder of this name",
        ),
        (&[file("f"), file("f/g")], "entry /f/g"),
        (&[file(".wh.")], "names no file"),
    ];
    for (items, message) in cases {
        let error = place.unpack(tar(items)).await.unwrap_err();
        assert!(error.contains(message), "{items:?}: {error}");
        assert!(place.left().is_empty(), "{items:?}");
    }
}

#[tokio::test]
async fn broken_archives_are_refused() {
    let place = Place::new();
    let good = tar(&[file("f"), file("g")]);
    let mut damaged = good.clone();
    damaged[0] ^= 1;
    for broken in [damaged, good[..700].to_vec(), vec![1; 2000]] {
        assert!(place.unpack(broken).await.is_err());
    }
    let mut layer = place.put(good).await;
    layer.diff_id = Digest::of(b"something else");
    let error = place.layers.unpacked(&layer).await.unwrap_err().to_string();
    assert!(error.contains("the image's configuration says"), "{error}");
    layer.compression = Compression::Gzip;
    assert!(place.layers.unpacked(&layer).await.is_err());
    assert!(place.left().is_empty());
}

#[tokio::test]
async fn bombs_do_not_go_off() {
    let place = Place::new();
    let limits = Limits {
        bytes: 1 << 20,
        entries: 10,
        header: 4096,
    };
    let place = Place {
        layers: place.layers.clone().with_limits(limits),
        ..place
    };
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar(&[file("f")])).unwrap();
    gzip.write_all(&vec![0; 2 << 20]).unwrap();
    let mut layer = place.put(gzip.finish().unwrap()).await;
    layer.compression = Compression::Gzip;
    let error = place.layers.unpacked(&layer).await.unwrap_err();
    assert!(
        error.to_string().contains("more bytes than the limit"),
        "{error}"
    );
    let many = vec![file("f"); 11];
    let error = place.unpack(tar(&many)).await.unwrap_err();
    assert!(error.contains("more entries than the limit"), "{error}");
    let mut long = tar::Builder::new(Vec::new());
    add(
        &mut long,
        EntryType::GNULongName,
        "././@LongLink",
        "",
        &"n".repeat(10_000),
    );
    add(&mut long, EntryType::Regular, "f", "", "");
    let error = place.unpack(long.into_inner().unwrap()).await.unwrap_err();
    assert!(error.contains("header is larger than the limit"), "{error}");
    assert!(place.left().is_empty());
}

#[tokio::test]
async fn whiteouts_do_not_hide_their_own_layer() {
    let place = Place::new();
    let items = [
        file("kept"),
        file(".wh.kept"),
        file(".wh.gone"),
        file(".wh.new"),
        folder("new/"),
        file("new/f"),
        file(".wh..wh.plnk"),
    ];
    let root = place.unpack(tar(&items)).await.unwrap();
    assert!(root.join("kept").is_file() && root.join("new/f").is_file());
    let gone = fs::symlink_metadata(root.join("gone")).unwrap();
    assert!(gone.file_type().is_char_device() && gone.rdev() == 0);
    assert_eq!(fs::read_dir(&root).unwrap().count(), 3);
}

#[tokio::test]
async fn folders_that_nobody_packed_are_open_to_all() {
    let place = Place::new();
    let root = place.unpack(tar(&[file("a/b/f")])).await.unwrap();
    for folder in ["", "a", "a/b"] {
        let metadata = fs::metadata(root.join(folder)).unwrap();
        assert_eq!(metadata.mode() & 0o7777, 0o755, "{folder:?}");
    }
}

#[tokio::test]
async fn a_sparse_file_counts_with_its_holes() {
    let place = Place::new();
    let mut header = Header::new_gnu();
    header.set_path("sparse").unwrap();
    header.set_entry_type(EntryType::GNUSparse);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    let fields = header.as_gnu_mut().unwrap();
    fields.set_real_size(1 << 40);
    fields.sparse[0].set_offset(1 << 40);
    fields.sparse[0].set_length(0);
    header.set_cksum();
    let mut tar = tar::Builder::new(Vec::new());
    tar.append(&header, &[][..]).unwrap();
    let limits = Limits {
        bytes: 1 << 20,
        ..Limits::default()
    };
    let place = Place {
        layers: place.layers.clone().with_limits(limits),
        ..place
    };
    let error = place.unpack(tar.into_inner().unwrap()).await.unwrap_err();
    assert!(error.contains("more bytes than the limit"), "{error}");
}

#[tokio::test]
async fn devices_are_for_root() {
    let place = Place::new();
    let root = place
        .unpack(tar(&[(EntryType::Char, "null", ""), file("f")]))
        .await
        .unwrap();
    assert_eq!(root.join("null").exists(), is_root());
}

#[tokio::test]
async fn many_who_ask_at_once_share_the_work() {
    let place = Place::new();
    let layer = place.put(tar(&[file("f")])).await;
    let asked = (0..20).map(|_| place.layers.unpacked(&layer));
    let folders = futures_util::future::join_all(asked).await;
    let first = folders[0].as_ref().unwrap();
    let inode = fs::metadata(first.join("f")).unwrap().ino();
    for folder in &folders {
        assert_eq!(
            fs::metadata(folder.as_ref().unwrap().join("f"))
                .unwrap()
                .ino(),
            inode
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_who_give_up_do_no_harm() {
    let place = Place::new();
    let names: Vec<&'static str> = (0..500).map(|n| &*format!("d{n}/f").leak()).collect();
    let items: Vec<Item> = names.iter().map(|name| file(name)).collect();
    let layer = place.put(tar(&items)).await;
    for patience in 0..300 {
        let give_up = async {
            for _ in 0..patience {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = give_up => {}
            unpacked = place.layers.unpacked(&layer) => drop(unpacked.unwrap()),
        }
    }
    let root = place.layers.unpacked(&layer).await.unwrap();
    for name in names {
        assert!(root.join(name).is_file(), "{name}");
    }
}

#[tokio::test]
async fn layers_stay_while_they_are_used_and_go_afterwards() {
    let place = Place::new();
    let kept = place.put(tar(&[file("kept")])).await;
    let unused = place.put(tar(&[folder("d/"), file("d/unused")])).await;
    let kept_at = place.layers.unpacked(&kept).await.unwrap();
    let unused_at = place.layers.unpacked(&unused).await.unwrap();
    let hour = Duration::from_secs(3600);
    let now = Timestamp::from(SystemTime::now());
    let keep = [kept.diff_id].into();
    let collect = |keep, now| place.layers.collect(keep, hour, now);
    assert_eq!(
        collect(std::collections::BTreeSet::new(), now)
            .await
            .unwrap(),
        0
    );
    assert_eq!(collect(keep, now.plus(2 * hour)).await.unwrap(), 1);
    assert!(kept_at.is_dir() && !unused_at.exists());
    assert!(
        place
            .layers
            .unpacked(&unused)
            .await
            .unwrap()
            .join("d/unused")
            .is_file()
    );
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    #[test]
    fn no_archive_is_too_strange(damage in proptest::collection::vec((0_usize..6144, 0_u8..), 0..40)) {
        let items = [folder("d/"), file("d/f"), symlink("l", "/d"), file("l/g"), hard_link("h", "d/f")];
        let mut archive = tar(&items);
        for (at, byte) in damage {
            if let Some(place) = archive.get_mut(at) {
                *place = byte;
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let place = Place::new();
            if place.unpack(archive).await.is_err() {
                assert!(place.left().is_empty());
            }
        });
    }
}
