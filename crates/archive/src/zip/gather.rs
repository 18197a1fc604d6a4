//! Which files of a folder become an artifact, and under which names (AWS CodeBuild, build specification
//! reference, `artifacts`).

use std::collections::BTreeMap;
use std::ops::Bound::{Included, Unbounded};

use towpath_model::workspace::Selection;

use super::read::link_leaves;
use crate::beneath::{Folder, Kind};
use crate::select::Globs;
use crate::{EntryPath, Error, Refusal, link};

/// By their names in the archive.
pub(super) type Gathered = BTreeMap<EntryPath, Source>;

pub(super) struct Source {
    /// Beneath the source folder.
    pub(super) path: EntryPath,
    pub(super) content: Content,
}

pub(super) enum Content {
    File,
    /// The file that the link at this path leads to.
    Followed,
    Link(Vec<u8>),
}

pub(super) fn gather(folder: &Folder, selection: &Selection) -> Result<Gathered, Error> {
    let mut names = Names::default();
    for base in base_folders(folder, selection.base_dir.as_deref())? {
        names.add_all(folder, base.as_ref(), selection)?;
    }
    names.refuse_files_as_folders()?;
    if names.paths.is_empty() {
        return Err(Error::NothingMatches(describe(selection)));
    }
    let content = |name: &EntryPath, found: &(EntryPath, Kind)| match found.1 {
        Kind::Link => names.link(folder, name, &found.0, selection.discard_paths),
        _ => Ok(Content::File),
    };
    let source = |(name, found): (&EntryPath, &(EntryPath, Kind))| {
        let content = content(name, found)?;
        Ok((
            name.clone(),
            Source {
                path: found.0.clone(),
                content,
            },
        ))
    };
    names.paths.iter().map(source).collect()
}

/// Name in the archive to path in the source folder, files and links.
#[derive(Default)]
struct Names {
    paths: BTreeMap<EntryPath, (EntryPath, Kind)>,
}

impl Names {
    fn add_all(
        &mut self,
        folder: &Folder,
        base: Option<&EntryPath>,
        selection: &Selection,
    ) -> Result<(), Error> {
        let files = Globs::new("files", &selection.files)?;
        let exclude = Globs::new("exclude-paths", &selection.exclude)?;
        for beginning in files.beginnings() {
            let start = match &beginning {
                Some(path) => Some(
                    path.within(base)
                        .map_err(|reason| Error::entry(path, reason))?,
                ),
                None => base.cloned(),
            };
            walk(folder, start, &mut |path, kind| {
                let Some(relative) = path.relative_to(base) else {
                    return Ok(Descend::Yes);
                };
                if kind != Kind::Folder && files.matches(&relative) && !exclude.matches(&relative) {
                    let name = if selection.discard_paths {
                        relative.file_name()
                    } else {
                        relative
                    };
                    self.add(name, path, kind)?;
                }
                Ok(Descend::Yes)
            })?;
        }
        Ok(())
    }

    fn add(&mut self, name: EntryPath, path: &EntryPath, kind: Kind) -> Result<(), Error> {
        if kind == Kind::Special {
            return Err(Error::entry(path, Refusal::Special));
        }
        let other = self.paths.insert(name.clone(), (path.clone(), kind));
        other.map_or(Ok(()), |(other, _)| Err(twice(&name, &other, path)))
    }

    /// Two base folders can have a file and a folder of the same name.
    fn refuse_files_as_folders(&self) -> Result<(), Error> {
        for (name, (path, _)) in &self.paths {
            let mut above = name.parent();
            while let Some(folder) = above {
                if let Some((file, _)) = self.paths.get(&folder) {
                    return Err(twice(&folder, file, path));
                }
                above = folder.parent();
            }
        }
        Ok(())
    }

    fn link(
        &self,
        folder: &Folder,
        name: &EntryPath,
        path: &EntryPath,
        flat: bool,
    ) -> Result<Content, Error> {
        let full_path = folder.path().join(path.as_path());
        let target = folder
            .read_link(path)
            .map_err(Error::io("read the link", &full_path))?;
        // Without its folders, what a link says is about another place.
        let leads_to = if flat {
            None
        } else {
            link::resolve(name, &target)
        };
        if leads_to.as_ref().is_some_and(|to| self.holds(to.as_ref())) {
            return Ok(Content::Link(target));
        }
        if folder.open_file_following(path).is_ok() {
            return Ok(Content::Followed);
        }
        match leads_to {
            Some(_) => Ok(Content::Link(target)),
            None => Err(Error::entry(path, link_leaves(&target))),
        }
    }

    /// Whether the archive has this file, or a file in this folder.
    fn holds(&self, path: Option<&EntryPath>) -> bool {
        let Some(path) = path else {
            return true;
        };
        let inside = [path.as_bytes(), b"/"].concat();
        let mut from_inside = self.paths.range::<[u8], _>((Included(&*inside), Unbounded));
        self.paths.contains_key(path)
            || from_inside.next().is_some_and(|(name, _)| name.is_in(path))
    }
}

fn twice(name: &EntryPath, first: &EntryPath, second: &EntryPath) -> Error {
    Error::Twice {
        name: name.to_string(),
        first: first.to_string(),
        second: second.to_string(),
    }
}

/// The folders that `base-directory` names; none is the source folder itself.
fn base_folders(folder: &Folder, base: Option<&str>) -> Result<Vec<Option<EntryPath>>, Error> {
    let Some(base) = base.filter(|base| !matches!(*base, "" | "." | "./")) else {
        return Ok(vec![None]);
    };
    let globs = Globs::new("base-directory", &[base.to_owned()])?;
    let depth = if base.contains("**") {
        usize::MAX
    } else {
        base.split('/').count()
    };
    let mut found = Vec::new();
    for beginning in globs.beginnings() {
        walk(folder, beginning, &mut |path, kind| {
            if kind == Kind::Folder && globs.matches(path) {
                found.push(Some(path.clone()));
            }
            Ok(if path.components().count() < depth {
                Descend::Yes
            } else {
                Descend::No
            })
        })?;
    }
    if found.is_empty() {
        return Err(Error::NoBaseDirectory(base.to_owned()));
    }
    Ok(found)
}

enum Descend {
    Yes,
    No,
}

/// Shows everything from `start` on, `start` included, to `visit`. Links are not followed.
fn walk(
    folder: &Folder,
    start: Option<EntryPath>,
    visit: &mut dyn FnMut(&EntryPath, Kind) -> Result<Descend, Error>,
) -> Result<(), Error> {
    let mut folders = match &start {
        None => vec![None],
        Some(path) => {
            let full_path = folder.path().join(path.as_path());
            let kind = folder
                .kind(path)
                .map_err(Error::io("look up", &full_path))?;
            let Some(kind) = kind else { return Ok(()) };
            match (visit(path, kind)?, kind) {
                (Descend::Yes, Kind::Folder) => vec![start],
                _ => return Ok(()),
            }
        }
    };
    while let Some(at) = folders.pop() {
        let full_path = folder
            .path()
            .join(at.as_ref().map_or("".as_ref(), EntryPath::as_path));
        let entries = folder
            .read_dir(at.as_ref())
            .map_err(Error::io("list", &full_path))?;
        for (name, kind) in entries {
            let path = name
                .within(at.as_ref())
                .map_err(|reason| Error::entry(&name, reason))?;
            if let (Descend::Yes, Kind::Folder) = (visit(&path, kind)?, kind) {
                folders.push(Some(path));
            }
        }
    }
    Ok(())
}

fn describe(selection: &Selection) -> String {
    let files: Vec<_> = selection
        .files
        .iter()
        .map(|glob| format!("`{glob}`"))
        .collect();
    let mut text = files.join(", ");
    if let Some(base) = &selection.base_dir {
        text.push_str(&format!(" in base-directory `{base}`"));
    }
    if !selection.exclude.is_empty() {
        text.push_str(" without the exclude-paths");
    }
    text
}
