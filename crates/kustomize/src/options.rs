/// How a build behaves; the default is that of `kustomize build`.
///
/// ```
/// use towpath_kustomize::{FileTree, Options, Reorder, build};
/// let mut tree = FileTree::default();
/// tree.insert("kustomization.yaml", b"resources: [all.yaml]".to_vec());
/// let all = "kind: A\nmetadata: {name: a}\n---\nkind: Namespace\nmetadata: {name: b}\n";
/// tree.insert("all.yaml", all.into());
/// let built = build(&tree, "", &Options::default()).unwrap();
/// assert!(built.yaml.starts_with("kind: Namespace"));
/// let as_read = Options { reorder: Reorder::None, ..Options::default() };
/// assert!(build(&tree, "", &as_read).unwrap().yaml.starts_with("kind: A"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--load-restrictor`
    pub load_restrictor: LoadRestrictor,
    /// `--reorder`
    pub reorder: Reorder,
    /// Labels every object with `app.kubernetes.io/managed-by`.
    pub managed_by_label: bool,
}

/// Which files a kustomization may name.
///
/// ```
/// use towpath_kustomize::{FileTree, LoadRestrictor, Options, build};
/// let mut tree = FileTree::default();
/// tree.insert("app/kustomization.yaml", b"resources: [../web.yaml]".to_vec());
/// tree.insert("web.yaml", b"kind: A\nmetadata: {name: a}\n".to_vec());
/// assert!(build(&tree, "app", &Options::default()).is_err());
/// let all = Options { load_restrictor: LoadRestrictor::None, ..Options::default() };
/// assert!(build(&tree, "app", &all).is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadRestrictor {
    /// Those in or below its own folder.
    #[default]
    RootOnly,
    /// All of the tree.
    None,
}

/// The order of the objects of a build whose kustomization has no `sortOptions`.
///
/// ```
/// use towpath_kustomize::{Options, Reorder};
/// assert_eq!(Options::default().reorder, Reorder::Legacy);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reorder {
    /// By kind, so that what others need comes first. The default.
    #[default]
    Legacy,
    /// As they were read.
    None,
}
