//! Reading a file tree: a build context, or an image's layers joined as overlayfs joins them (kernel
//! documentation, `filesystems/overlayfs`). Links are followed within the tree only.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::ignore::Ignore;
use crate::tree_path::TreePath;

/// Links followed before giving up (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// A file tree on this machine. Every look-up reads the disk.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// Folders, the top one first.
    layers: Vec<PathBuf>,
    ignore: Ignore,
    owners: OwnersOnDisk,
}

/// What the owners of files on disk say about the owners in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnersOnDisk {
    AreReal,
    /// Everything belongs to root: a context, or layers that a plain user has unpacked.
    AreRoot,
}

/// Something in a tree.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Without links.
    pub(crate) path: TreePath,
    /// Where it is on this machine.
    pub(crate) file: PathBuf,
    pub(crate) kind: Kind,
    /// Permission bits, 0o7777 at most.
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    File,
    Symlink(PathBuf),
    /// A device, pipe or socket.
    Special,
}

impl Tree {
    /// A build context.
    pub(crate) fn context(folder: &Path, ignore: Ignore) -> Self {
        Self {
            layers: vec![folder.to_owned()],
            ignore,
            owners: OwnersOnDisk::AreRoot,
        }
    }

    /// Unpacked layers, the top one first.
    pub(crate) fn layers(layers: Vec<PathBuf>, owners: OwnersOnDisk) -> Self {
        Self {
            layers,
            ignore: Ignore::default(),
            owners,
        }
    }

    /// A tree without anything in it.
    pub(crate) fn nothing() -> Self {
        Self::layers(Vec::new(), OwnersOnDisk::AreRoot)
    }

    /// The context with what `.dockerignore` takes out.
    pub(crate) fn without_ignore(&self) -> Self {
        Self {
            ignore: Ignore::default(),
            ..self.clone()
        }
    }

    /// What is at a path, links followed; `None` when nothing is.
    pub(crate) fn find(&self, path: &TreePath) -> io::Result<Option<Node>> {
        self.node(&self.resolve(path)?)
    }

    /// The path without links: those on the way and the last one are followed. What does not exist stays
    /// as it is.
    pub(crate) fn resolve(&self, path: &TreePath) -> io::Result<TreePath> {
        let mut todo: Vec<OsString> = components(path.as_path());
        let mut resolved = TreePath::default();
        let mut links = 0;
        while let Some(name) = todo.pop() {
            if name == ".." {
                resolved = resolved.parent();
                continue;
            }
            let next = resolved.join(Path::new(&name));
            let Some(target) = self.link_target(&next)? else {
                resolved = next;
                continue;
            };
            links += 1;
            if links > MAX_LINKS {
                return Err(Errno::LOOP.into());
            }
            if target.is_absolute() {
                resolved = TreePath::default();
            }
            todo.extend(components(&target));
        }
        Ok(resolved)
    }

    fn link_target(&self, path: &TreePath) -> io::Result<Option<PathBuf>> {
        Ok(match self.on_disk(path)? {
            Some((file, metadata)) if metadata.is_symlink() => Some(fs::read_link(file)?),
            _ => None,
        })
    }

    /// What is at a path that has no links on the way; a link at its end is not followed.
    pub(crate) fn node(&self, path: &TreePath) -> io::Result<Option<Node>> {
        let Some((file, metadata)) = self.on_disk(path)? else {
            return Ok(None);
        };
        let node = self.to_node(path, file, &metadata)?;
        Ok(self.is_visible(&node)?.then_some(node))
    }

    /// What a folder holds, in the order of names. `path` has no links.
    pub(crate) fn children(&self, path: &TreePath) -> io::Result<Vec<Node>> {
        let mut names: BTreeMap<OsString, ()> = BTreeMap::new();
        for layer in &self.layers {
            match self.names_in(layer, path)? {
                Names::Of(more) => names.extend(more.into_iter().map(|name| (name, ()))),
                Names::OfAndNoMore(more) => {
                    names.extend(more.into_iter().map(|name| (name, ())));
                    break;
                }
                Names::None => {}
                Names::NoMore => break,
            }
        }
        let nodes = names
            .into_keys()
            .map(|name| self.node(&path.join(Path::new(&name))));
        nodes.filter_map(Result::transpose).collect()
    }

    fn names_in(&self, layer: &Path, path: &TreePath) -> io::Result<Names> {
        match in_layer(layer, path)? {
            InLayer::Nothing => Ok(Names::None),
            InLayer::Hidden => Ok(Names::NoMore),
            InLayer::Found {
                file,
                metadata,
                opaque,
            } if metadata.is_dir() => {
                let names = fs::read_dir(&file)?
                    .map(|entry| Ok(entry?.file_name()))
                    .collect::<io::Result<_>>()?;
                Ok(if opaque {
                    Names::OfAndNoMore(names)
                } else {
                    Names::Of(names)
                })
            }
            InLayer::Found { .. } => Ok(Names::NoMore),
        }
    }

    fn on_disk(&self, path: &TreePath) -> io::Result<Option<(PathBuf, Metadata)>> {
        for layer in &self.layers {
            match in_layer(layer, path)? {
                InLayer::Nothing => {}
                InLayer::Hidden => return Ok(None),
                InLayer::Found { file, metadata, .. } => return Ok(Some((file, *metadata))),
            }
        }
        Ok(None)
    }

    fn to_node(&self, path: &TreePath, file: PathBuf, metadata: &Metadata) -> io::Result<Node> {
        let kind = match metadata.file_type() {
            kind if kind.is_dir() => Kind::Folder,
            kind if kind.is_file() => Kind::File,
            kind if kind.is_symlink() => Kind::Symlink(fs::read_link(&file)?),
            _ => Kind::Special,
        };
        let (uid, gid) = match self.owners {
            OwnersOnDisk::AreReal => (metadata.uid(), metadata.gid()),
            OwnersOnDisk::AreRoot => (0, 0),
        };
        Ok(Node {
            path: path.clone(),
            file,
            kind,
            mode: metadata.mode() & 0o7777,
            uid,
            gid,
        })
    }

    /// An ignored folder is there all the same when something in it is not ignored.
    fn is_visible(&self, node: &Node) -> io::Result<bool> {
        if node.path.is_root() || !self.ignore.ignores(&node.path) {
            return Ok(true);
        }
        let may_hold_exceptions = node.kind == Kind::Folder && self.ignore.has_exceptions();
        Ok(may_hold_exceptions && !self.children(&node.path)?.is_empty())
    }
}

enum Names {
    None,
    /// Layers below do not show through.
    NoMore,
    Of(Vec<OsString>),
    OfAndNoMore(Vec<OsString>),
}

enum InLayer {
    /// The layers below decide.
    Nothing,
    /// Nothing here, nor in the layers below.
    Hidden,
    Found {
        file: PathBuf,
        metadata: Box<Metadata>,
        /// Layers below do not show through here.
        opaque: bool,
    },
}

fn in_layer(layer: &Path, path: &TreePath) -> io::Result<InLayer> {
    let mut file = layer.to_owned();
    let mut opaque = false;
    // The folder itself is the caller's choice, a link or not.
    let mut metadata = fs::metadata(&file)?;
    for component in path.as_path().components() {
        if !metadata.is_dir() {
            return Ok(InLayer::Hidden);
        }
        file.push(component);
        metadata = match fs::symlink_metadata(&file) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(if opaque {
                    InLayer::Hidden
                } else {
                    InLayer::Nothing
                });
            }
            Err(error) => return Err(error),
        };
        if is_whiteout(&file, &metadata)? {
            return Ok(InLayer::Hidden);
        }
        opaque = opaque || (metadata.is_dir() && is_opaque(&file)?);
    }
    Ok(InLayer::Found {
        file,
        metadata: Box::new(metadata),
        opaque,
    })
}

fn is_whiteout(file: &Path, metadata: &Metadata) -> io::Result<bool> {
    let kind = metadata.file_type();
    if kind.is_char_device() && metadata.rdev() == 0 {
        return Ok(true);
    }
    Ok(kind.is_file() && metadata.len() == 0 && has_overlay_attribute(file, "whiteout")?)
}

/// `y` is opaque; `x` only says that the folder holds whiteouts marked by attributes.
fn is_opaque(folder: &Path) -> io::Result<bool> {
    Ok(overlay_attribute(folder, "opaque")?.is_some_and(|value| value == b'y'))
}

fn has_overlay_attribute(file: &Path, name: &str) -> io::Result<bool> {
    Ok(overlay_attribute(file, name)?.is_some())
}

/// The first byte of the attribute; 0 when it is empty.
fn overlay_attribute(file: &Path, name: &str) -> io::Result<Option<u8>> {
    for namespace in ["trusted", "user"] {
        let mut value = [0; 8];
        match rustix::fs::lgetxattr(file, format!("{namespace}.overlay.{name}"), &mut value) {
            Ok(_) => return Ok(Some(value[0])),
            Err(Errno::NODATA | Errno::NOTSUP) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// `..` and names, the first one last.
fn components(path: &Path) -> Vec<OsString> {
    use std::path::Component;
    path.components()
        .rev()
        .filter(|component| matches!(component, Component::Normal(_) | Component::ParentDir))
        .map(|component| component.as_os_str().to_owned())
        .collect()
}

impl Node {
    pub(crate) fn is_folder(&self) -> bool {
        self.kind == Kind::Folder
    }

    /// The last component as bytes, for matching.
    pub(crate) fn name(&self) -> &[u8] {
        self.path
            .file_name()
            .map(OsStrExt::as_bytes)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn write(root: &Path, path: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    fn names(tree: &Tree, path: &str) -> Vec<String> {
        let children = tree.children(&TreePath::new(path)).unwrap();
        children.iter().map(|node| node.path.to_string()).collect()
    }

    #[test]
    fn links_stay_in_the_tree() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "usr/bin/tool");
        write(root.path(), "etc/passwd");
        symlink("usr/bin", root.path().join("bin")).unwrap();
        symlink("/etc", root.path().join("absolute")).unwrap();
        symlink("../../../../etc/passwd", root.path().join("up")).unwrap();
        symlink("loop", root.path().join("loop")).unwrap();
        let tree = Tree::context(root.path(), Ignore::default());
        let resolve = |path: &str| tree.resolve(&TreePath::new(path)).unwrap().to_string();
        assert_eq!(resolve("bin/tool"), "/usr/bin/tool");
        assert_eq!(resolve("bin/new/file"), "/usr/bin/new/file");
        assert_eq!(resolve("absolute/passwd"), "/etc/passwd");
        assert_eq!(resolve("up"), "/etc/passwd");
        assert!(tree.resolve(&TreePath::new("loop")).is_err());
    }

    #[test]
    fn ignored_files_are_not_there() {
        let root = tempfile::tempdir().unwrap();
        for file in ["a/keep", "a/drop", "b/drop", "c"] {
            write(root.path(), file);
        }
        let ignore = Ignore::parse(".dockerignore", "*\n!a/keep").unwrap();
        let tree = Tree::context(root.path(), ignore);
        assert_eq!(names(&tree, "/"), ["/a"]);
        assert_eq!(names(&tree, "/a"), ["/a/keep"]);
        assert!(tree.find(&TreePath::new("a/drop")).unwrap().is_none());
        assert!(tree.find(&TreePath::new("b")).unwrap().is_none());
    }

    #[test]
    fn layers_join_as_overlayfs_joins_them() {
        let (bottom, top) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for file in ["d/one", "d/two", "opaque/old", "file/inside", "only"] {
            write(bottom.path(), file);
        }
        for file in ["d/three", "opaque/new", "file"] {
            write(top.path(), file);
        }
        let attribute = |path: &str, name: &str, value: &[u8]| {
            let file = top.path().join(path);
            let flags = rustix::fs::XattrFlags::empty();
            rustix::fs::lsetxattr(file, name, value, flags).is_ok()
        };
        write(top.path(), "d/two");
        if !attribute("d/two", "user.overlay.whiteout", b"")
            || !attribute("opaque", "user.overlay.opaque", b"y")
        {
            return;
        }
        let layers = vec![top.path().to_owned(), bottom.path().to_owned()];
        let tree = Tree::layers(layers, OwnersOnDisk::AreRoot);
        assert_eq!(names(&tree, "/d"), ["/d/one", "/d/three"]);
        assert_eq!(names(&tree, "/opaque"), ["/opaque/new"]);
        assert_eq!(names(&tree, "/"), ["/d", "/file", "/only", "/opaque"]);
        let found = |path: &str| tree.find(&TreePath::new(path)).unwrap().is_some();
        assert!(!found("d/two") && !found("file/inside") && !found("opaque/old"));
        assert!(found("only") && found("d/one"));
    }
}
