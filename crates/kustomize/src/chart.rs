use serde_json::{Map, Value};

/// A helm chart that a kustomization wants rendered, with the fields of upstream's `HelmChart` and `HelmGlobals`.
/// Empty texts are not given. Who runs helm is the caller, which is told by [`charts`](crate::charts), and gives
/// the answer to [`FileTree::insert_chart`](crate::FileTree::insert_chart).
///
/// ```
/// use towpath_kustomize::{FileTree, Options, build, charts};
/// let mut tree = FileTree::default();
/// tree.insert("kustomization.yaml", b"namespace: shop\nhelmCharts: [{name: web}]\n".to_vec());
/// assert!(build(&tree, "", &Options::default()).is_err());
/// for (at, chart) in charts(&tree, "", &Options::default()) {
///     assert_eq!(at.to_string(), "kustomization.yaml:2:14");
///     assert_eq!((&*chart.name, &*chart.namespace), ("web", "shop"));
///     tree.insert_chart(chart, "kind: A\nmetadata: {name: a}\n".to_owned());
/// }
/// assert!(build(&tree, "", &Options::default()).is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// The kustomization's folder in the tree, to which paths are relative.
    pub folder: String,
    /// Where charts are kept; `charts` when empty.
    pub chart_home: String,
    /// Helm's own configuration; none of its own when empty.
    pub config_home: String,
    pub name: String,
    pub version: String,
    /// A URL, for a chart that is not yet where charts are kept.
    pub repo: String,
    pub release_name: String,
    pub namespace: String,
    pub additional_values_files: Vec<String>,
    /// In the place of the chart's own.
    pub values_file: String,
    pub values_inline: Map<String, Value>,
    pub values_merge: ValuesMerge,
    pub include_crds: bool,
    pub skip_hooks: bool,
    pub skip_tests: bool,
    pub api_versions: Vec<String>,
    pub kube_version: String,
    pub name_template: String,
    pub debug: bool,
    pub devel: bool,
}

/// Which values win where both the file and [`Chart::values_inline`] have them.
///
/// ```
/// assert_eq!(towpath_kustomize::ValuesMerge::default(), towpath_kustomize::ValuesMerge::Override);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ValuesMerge {
    /// The kustomization's.
    #[default]
    Override,
    /// The file's.
    Merge,
    /// Those of the file do not count.
    Replace,
}
