//! The manifests of a source: its files under `k8s/`, rendered when they are a kustomization.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use towpath_archive::zip;
use towpath_cluster::Object;
use towpath_cluster::manifest::{self, is_kustomization};
use towpath_kustomize::{FileTree, Options};

use super::ActionError;
use crate::plan::{MANIFESTS, is_manifest};

/// A manifest larger than this is refused; etcd would not take its objects either.
const MANIFEST_LIMIT: u64 = 8 << 20;
/// What a kustomization may be made of in all.
const TREE_LIMIT: u64 = 128 << 20;
/// The folder of the kustomization that is deployed.
const FOLDER: &str = "k8s";
/// Names what was rendered in messages about it.
const RENDERED: &str = "k8s (rendered)";

type Source = zip::Reader<BufReader<File>>;

/// The objects that a source describes, and how they were found, for the log.
pub(super) struct Manifests {
    pub(super) objects: Vec<Object>,
    pub(super) found: String,
}

pub(super) fn read(source: &Path) -> Result<Manifests, ActionError> {
    let mut source = zip::Reader::open(source)?;
    let paths: Vec<zip::Entry> = source
        .entries()?
        .into_iter()
        .filter(|entry| is_manifest(&entry.path.to_string()))
        .collect();
    let kustomizations: Vec<String> = paths
        .iter()
        .map(|entry| entry.path.to_string())
        .filter(|path| is_kustomization(path))
        .collect();
    match kustomizations.iter().any(|path| is_at_the_top(path)) {
        true => rendered(&mut source, &kustomizations),
        false if kustomizations.is_empty() => as_they_are(&mut source, &paths),
        false => Err(none_at_the_top(&kustomizations)),
    }
}

fn is_at_the_top(path: &str) -> bool {
    path.strip_prefix(MANIFESTS)
        .is_some_and(|rest| !rest.contains('/'))
}

fn none_at_the_top(kustomizations: &[String]) -> ActionError {
    ActionError::refused(format!(
        "k8s/ holds kustomizations ({}) but none at its top, which is what is deployed: add a \
         k8s/kustomization.yaml that names the one to deploy under `resources`",
        kustomizations.join(", ")
    ))
}

fn as_they_are(source: &mut Source, entries: &[zip::Entry]) -> Result<Manifests, ActionError> {
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.path.to_string();
        let content = source.read(&entry.path, MANIFEST_LIMIT);
        let content = content.map_err(|error| ActionError::refused(format!("{path}: {error}")))?;
        let text = String::from_utf8(content.unwrap_or_default())
            .map_err(|_| ActionError::refused(format!("{path}: is not UTF-8")))?;
        files.push((path, text));
    }
    let texts = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()));
    let objects = manifest::parse_files(texts).map_err(ActionError::refused)?;
    let found = format!(
        "{} in {}",
        counted(objects.len(), "object"),
        counted(files.len(), "file")
    );
    Ok(Manifests { objects, found })
}

fn rendered(source: &mut Source, kustomizations: &[String]) -> Result<Manifests, ActionError> {
    let tree = tree(source, kustomizations)?;
    let built = towpath_kustomize::build(&tree, FOLDER, &Options::default());
    let built = built.map_err(ActionError::refused)?;
    let objects = manifest::parse(RENDERED, &built.yaml).map_err(ActionError::refused)?;
    let found = format!(
        "{} rendered from the kustomization k8s/",
        counted(objects.len(), "object")
    );
    Ok(Manifests { objects, found })
}

/// The files that the kustomization can reach: those under `k8s/`, and the whole source only when one of its
/// kustomizations climbs out of a folder.
fn tree(source: &mut Source, kustomizations: &[String]) -> Result<FileTree, ActionError> {
    let entries = source.entries()?;
    let mut climbs = false;
    for entry in entries
        .iter()
        .filter(|entry| kustomizations.contains(&entry.path.to_string()))
    {
        let content = source
            .read(&entry.path, MANIFEST_LIMIT)
            .map_err(ActionError::refused)?;
        climbs |= content.is_some_and(|content| content.windows(3).any(|bytes| bytes == b"../"));
    }
    let (mut tree, mut left) = (FileTree::default(), TREE_LIMIT);
    for entry in &entries {
        let path = entry.path.to_string();
        if !climbs && !path.starts_with(MANIFESTS) {
            continue;
        }
        // Links lead where they lead within the source; folders hold nothing of their own.
        let Some(content) = read_within(source, entry, left)? else {
            continue;
        };
        left -= content.len() as u64;
        tree.insert(&path, content);
    }
    Ok(tree)
}

fn read_within(
    source: &mut Source,
    entry: &zip::Entry,
    limit: u64,
) -> Result<Option<Vec<u8>>, ActionError> {
    source.read(&entry.path, limit).map_err(|error| {
        let path = &entry.path;
        ActionError::refused(format!(
            "{path}: {error}; a kustomization may be made of files of {} MiB in all",
            TREE_LIMIT >> 20
        ))
    })
}

/// `1 file`, `2 files`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
