/// How a build behaves; the default is that of `kustomize build`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub load_restrictor: LoadRestrictor,
    pub reorder: Reorder,
    /// Labels every object with `app.kubernetes.io/managed-by`.
    pub managed_by_label: bool,
}

/// Which files a kustomization may name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadRestrictor {
    /// Those in or below its own folder.
    #[default]
    RootOnly,
    /// All of the tree.
    None,
}

/// The order of the objects of a build whose kustomization has no `sortOptions`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reorder {
    /// By kind, so that what others need comes first. The default.
    #[default]
    Legacy,
    /// As they were read.
    None,
}
