//! From a folder with a kustomization to manifests.

mod accumulate;
mod finish;
mod origin;
mod output;
mod target;
mod transform;

use std::ops::Range;
use std::rc::Rc;

use towpath_model::{Diagnostic, Diagnostics, Location};

use crate::chart::Chart;
use crate::kustomization::At;
use crate::loader::Loader;
use crate::options::Options;
use crate::tree::{FileTree, join};

use target::Target;

/// What a build gives.
///
/// ```
/// # use towpath_kustomize::{FileTree, Options, build};
/// let mut tree = FileTree::default();
/// let kustomization = "configMapGenerator:\n- name: settings\n  literals: [a=1]\ncommonLabels: {app: web}\n";
/// tree.insert("kustomization.yaml", kustomization.into());
/// let built = build(&tree, "", &Options::default()).unwrap();
/// assert_eq!(built.documents.len(), 1);
/// assert!(built.warnings[0].to_string().starts_with("kustomization.yaml:4:1: `commonLabels` is deprecated"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// One YAML document per object, with `---` between them.
    pub yaml: String,
    /// In the order of [`Self::yaml`].
    pub documents: Vec<Document>,
    /// Deprecated fields, and keys that stand twice in a kustomization, of which the last counts.
    pub warnings: Vec<Diagnostic>,
}

/// One object of a [`Build`].
///
/// ```
/// # use towpath_kustomize::{FileTree, Options, build};
/// # let mut tree = FileTree::default();
/// # tree.insert("kustomization.yaml", b"resources: [web.yaml]".to_vec());
/// # tree.insert("web.yaml", b"apiVersion: v1\nkind: Service\nmetadata: {name: web}\n".to_vec());
/// let built = build(&tree, "", &Options::default()).unwrap();
/// let document = &built.documents[0];
/// assert_eq!(document.file_name, "v1_service_web.yaml");
/// assert!(built.yaml[document.bytes.clone()].ends_with("name: web\n"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// How upstream calls the file when each object gets one of its own.
    pub file_name: String,
    /// Where it is in [`Build::yaml`].
    pub bytes: Range<usize>,
}

/// Builds the kustomization in `folder`, a path relative to the tree's root.
///
/// ```
/// use towpath_kustomize::{FileTree, Options, build};
/// let mut tree = FileTree::default();
/// tree.insert("app/kustomization.yaml", b"namePrefix: dev-\nresources: [web.yaml]\n".to_vec());
/// tree.insert("app/web.yaml", b"apiVersion: v1\nkind: Service\nmetadata: {name: web}\n".to_vec());
/// let built = build(&tree, "app", &Options::default()).unwrap();
/// assert_eq!(built.yaml, "apiVersion: v1\nkind: Service\nmetadata:\n  name: dev-web\n");
/// ```
///
/// # Errors
/// What is wrong in the files, where, and what was expected.
pub fn build(tree: &FileTree, folder: &str, options: &Options) -> Result<Build, Diagnostics> {
    let loader = loader(tree, folder, options)?;
    let target = Target::top(loader)?;
    let accumulated = accumulate::accumulate(&target)?;
    let map = finish::finish(&target, accumulated, options)?;
    Ok(output::write(&target, &map)?)
}

/// The helm charts that a build wants and that are not in the tree yet, with the places that name them. A chart
/// may only come to light once others are there; when none is left, what is still wrong is told by [`build`].
///
/// ```
/// use towpath_kustomize::{FileTree, Options, charts};
/// let mut tree = FileTree::default();
/// tree.insert("kustomization.yaml", b"namePrefix: a-\n".to_vec());
/// assert!(charts(&tree, "", &Options::default()).is_empty());
/// ```
pub fn charts(tree: &FileTree, folder: &str, options: &Options) -> Vec<(Location, Chart)> {
    let unrendered = Rc::default();
    let accumulated = loader(tree, folder, options)
        .map_err(Diagnostics::from)
        .and_then(|loader| {
            let target = Target::top(loader.noting(Rc::clone(&unrendered)))?;
            accumulate::accumulate(&target)
        });
    // Without the charts' objects much may be wrong that is not wrong with them.
    drop(accumulated);
    let unrendered = unrendered.take().into_iter();
    let mut charts: Vec<(Location, Chart)> = Vec::new();
    for At { value, at } in unrendered {
        if charts.iter().all(|(_, chart)| *chart != value) {
            charts.push((at, value));
        }
    }
    charts
}

fn loader<'t>(
    tree: &'t FileTree,
    folder: &str,
    options: &Options,
) -> Result<Loader<'t>, Diagnostic> {
    let Some(path) = join("", folder).filter(|path| tree.is_folder(path)) else {
        let location = Location {
            file: folder.to_owned(),
            line: 1,
            column: 1,
        };
        return Err(Diagnostic::new(location, "there is no such folder"));
    };
    Ok(Loader::new(tree, path, options.load_restrictor))
}
