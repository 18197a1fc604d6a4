use std::collections::BTreeMap;

use towpath_model::{Diagnostic, Location};
use towpath_oci::layer::{Entry, EntryKind, EntryPath, Source};

use super::{Chmod, CopyError, Gathered, bad_path};
use crate::tree::{Kind, Node, Tree};
use crate::tree_path::TreePath;

/// Folders that are made on the way.
const FOLDER_MODE: u32 = 0o755;
/// Files written in the Dockerfile itself.
const INLINE_MODE: u32 = 0o644;

/// Where a `COPY` goes.
#[derive(Clone, Debug)]
pub(crate) struct Destination<'a> {
    /// Of the destination in the Dockerfile, for messages.
    pub(crate) location: &'a Location,
    /// Absolute, not yet resolved.
    pub(crate) path: TreePath,
    /// It ends in a slash: a folder, to be made when it is not there.
    pub(crate) is_folder: bool,
    /// `--chown`; without it what comes from the context belongs to root, and what comes from an image
    /// keeps its owner.
    pub(crate) owner: Option<(u32, u32)>,
    pub(crate) chmod: Option<Chmod>,
}

/// A heredoc as a file.
#[derive(Clone, Debug)]
pub(crate) struct Inline {
    pub(crate) name: String,
    pub(crate) content: String,
}

/// The entries of the layer that a `COPY` makes on top of `image`: what is copied, and the folders on the
/// way, which keep the owner and mode that they have.
pub(crate) fn place(
    image: &Tree,
    destination: &Destination<'_>,
    gathered: &[Gathered],
    inline: &[Inline],
) -> Result<Vec<Entry>, CopyError> {
    let base = image
        .resolve(&destination.path)
        .map_err(CopyError::io(&destination.path))?;
    let mut placer = Placer {
        image,
        destination,
        entries: BTreeMap::new(),
    };
    let existing = placer.existing(&base)?;
    let into_folder = destination.is_folder || existing.as_ref().is_some_and(Node::is_folder);
    check_count(destination, gathered.len() + inline.len(), into_folder)?;
    for source in gathered {
        placer.source(source, &base, into_folder, existing.as_ref())?;
    }
    for file in inline {
        let target = target(&base, &TreePath::new(&file.name), into_folder);
        let source = Source::Bytes(file.content.clone().into_bytes());
        placer.put(target, EntryKind::File(source), INLINE_MODE, None)?;
    }
    placer.add_parents()?;
    Ok(placer.entries.into_values().collect())
}

/// The entries that make a folder and those on the way to it; folders that are there stay as they are.
pub(crate) fn folder(
    image: &Tree,
    location: &Location,
    path: &TreePath,
) -> Result<Vec<Entry>, CopyError> {
    let base = image.resolve(path).map_err(CopyError::io(path))?;
    let destination = Destination {
        location,
        path: path.clone(),
        is_folder: true,
        owner: None,
        chmod: None,
    };
    let mut placer = Placer {
        image,
        destination: &destination,
        entries: BTreeMap::new(),
    };
    for folder in base.prefixes() {
        let entry = placer.parent_entry(&folder)?;
        placer.entries.insert(folder, entry);
    }
    Ok(placer.entries.into_values().collect())
}

fn target(base: &TreePath, name: &TreePath, into_folder: bool) -> TreePath {
    if into_folder {
        base.join(name.as_path())
    } else {
        base.clone()
    }
}

fn check_count(
    destination: &Destination<'_>,
    count: usize,
    into_folder: bool,
) -> Result<(), CopyError> {
    if count < 2 || into_folder {
        return Ok(());
    }
    let message = format!("{count} sources cannot all be {}", destination.path);
    Err(Diagnostic::new(destination.location.clone(), message)
        .help("end the destination with `/`: it is a folder then")
        .into())
}

struct Placer<'a> {
    image: &'a Tree,
    destination: &'a Destination<'a>,
    entries: BTreeMap<TreePath, Entry>,
}

impl Placer<'_> {
    fn source(
        &mut self,
        source: &Gathered,
        base: &TreePath,
        into_folder: bool,
        existing: Option<&Node>,
    ) -> Result<(), CopyError> {
        let top = &source.top;
        if !top.is_folder() {
            let target = target(base, &source.name, into_folder);
            return self.node(top, target);
        }
        // The folder's content goes into the destination, which stays as it is when it is there.
        if existing.is_none() {
            self.node(top, base.clone())?;
        } else {
            self.check_fits(base, true)?;
        }
        for node in &source.below {
            self.node(node, node.path.moved(&top.path, base))?;
        }
        Ok(())
    }

    fn node(&mut self, node: &Node, target: TreePath) -> Result<(), CopyError> {
        let kind = match &node.kind {
            Kind::Folder => EntryKind::Folder,
            Kind::File => EntryKind::File(Source::Path(node.file.clone())),
            Kind::Symlink(link) => EntryKind::Symlink(link.clone().into_os_string()),
            Kind::Special => return Ok(()),
        };
        self.put(target, kind, node.mode, Some((node.uid, node.gid)))
    }

    fn put(
        &mut self,
        target: TreePath,
        kind: EntryKind,
        mode: u32,
        owner: Option<(u32, u32)>,
    ) -> Result<(), CopyError> {
        let is_folder = kind == EntryKind::Folder;
        if target.is_root() {
            return if is_folder {
                Ok(())
            } else {
                Err(self.refused("`/` is a folder, which a file cannot replace".into()))
            };
        }
        self.check_fits(&target, is_folder)?;
        let changes_mode = !matches!(kind, EntryKind::Symlink(_));
        let mode = match &self.destination.chmod {
            Some(chmod) if changes_mode => chmod.apply(mode, is_folder),
            _ => mode,
        };
        let owner = self.destination.owner.or(owner).unwrap_or_default();
        let entry = self.entry(&target, kind, mode, owner)?;
        self.entries.insert(target, entry);
        Ok(())
    }

    fn entry(
        &self,
        path: &TreePath,
        kind: EntryKind,
        mode: u32,
        (uid, gid): (u32, u32),
    ) -> Result<Entry, CopyError> {
        let path = EntryPath::new(path.as_path()).map_err(bad_path(self.destination.location))?;
        Ok(Entry {
            uid,
            gid,
            ..Entry::new(path, kind, mode)
        })
    }

    /// A folder does not replace a file or link, nor a file a folder.
    fn check_fits(&self, target: &TreePath, is_folder: bool) -> Result<(), CopyError> {
        let Some(existing) = self.existing(target)? else {
            return Ok(());
        };
        if existing.is_folder() == is_folder {
            return Ok(());
        }
        let what = match &existing.kind {
            Kind::Folder => "a folder, which a file cannot replace".to_owned(),
            Kind::Symlink(link) => format!(
                "a link to {}, which a folder cannot replace; copy to where it points",
                link.display()
            ),
            _ => "a file, which a folder cannot replace".to_owned(),
        };
        Err(self.refused(format!("{target} in the image is {what}")))
    }

    fn refused(&self, message: String) -> CopyError {
        Diagnostic::new(self.destination.location.clone(), message).into()
    }

    fn existing(&self, path: &TreePath) -> Result<Option<Node>, CopyError> {
        self.image.node(path).map_err(CopyError::io(path))
    }

    /// Without an entry of its own, a folder would get a mode of the unpacker's choice.
    fn add_parents(&mut self) -> Result<(), CopyError> {
        let paths: Vec<TreePath> = self.entries.keys().cloned().collect();
        for path in paths {
            for parent in path.parent().prefixes() {
                if !self.entries.contains_key(&parent) {
                    let entry = self.parent_entry(&parent)?;
                    self.entries.insert(parent, entry);
                }
            }
        }
        Ok(())
    }

    fn parent_entry(&self, path: &TreePath) -> Result<Entry, CopyError> {
        self.check_fits(path, true)?;
        match self.existing(path)? {
            Some(node) => self.entry(path, EntryKind::Folder, node.mode, (node.uid, node.gid)),
            None => {
                let owner = self.destination.owner.unwrap_or_default();
                self.entry(path, EntryKind::Folder, FOLDER_MODE, owner)
            }
        }
    }
}
