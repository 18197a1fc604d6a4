//! Kustomize, in process: a tree of files goes in, manifests come out, byte for byte what the program
//! `kustomize build` of version 5.8.1 prints.
//!
//! Fill a [`FileTree`], call [`build`], take [`Build::yaml`]:
//!
//! ```
//! use towpath_kustomize::{FileTree, Options, build};
//! let mut tree = FileTree::default();
//! tree.insert("base/kustomization.yaml", b"resources: [web.yaml]".to_vec());
//! tree.insert("base/web.yaml", b"apiVersion: v1\nkind: Service\nmetadata: {name: web}".to_vec());
//! tree.insert("live/kustomization.yaml", b"resources: [../base]\nnamespace: shop\nname: x".to_vec());
//! let wrong = build(&tree, "live", &Options::default()).unwrap_err();
//! assert!(wrong.to_string().starts_with("live/kustomization.yaml:3:1: unknown key `name`"));
//! tree.insert("live/kustomization.yaml", b"resources: [../base]\nnamespace: shop".to_vec());
//! let built = build(&tree, "live", &Options::default()).unwrap();
//! assert_eq!(built.yaml, "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: shop\n");
//! ```
//!
//! [`Options`] are the flags of the command line. URLs are fetched by the caller and given as [`Remote`]; charts are
//! asked for by [`charts`] and given to [`FileTree::insert_chart`]. For many builds of a tree, or after a change of
//! one file, [`FileTree::keep_parsed`]. All errors are diagnostics with file, line and column.
//!
//! **Architecture invariant:** no I/O. The caller reads the files, follows links, fetches what is remote and runs helm.

#![warn(missing_docs)]

mod build;
mod chart;
mod commented;
mod config;
mod crds;
mod emit;
mod field_path;
mod fieldspec;
mod generate;
mod go_json;
mod kustomization;
mod label_selector;
mod links;
mod loader;
mod merge;
mod notes;
mod objects;
mod options;
mod patch;
mod plugin;
mod replacement;
mod resid;
mod resmap;
mod resource;
mod scalar;
mod scope;
mod selector;
mod size;
mod transform;
mod tree;
mod value;
mod vars;

pub use build::{Build, Document, build, charts};
pub use chart::{Chart, ValuesMerge};
pub use options::{LoadRestrictor, Options, Reorder};
pub use tree::{FileTree, Remote};
