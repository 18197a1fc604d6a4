//! Kustomize, in process: a tree of files goes in, manifests come out, byte for byte what the program
//! `kustomize build` of version 5.8.1 prints.
//!
//! **Architecture invariant:** no I/O. The caller reads the files, follows links, fetches what is remote and runs helm.

mod build;
mod chart;
mod config;
mod crds;
mod emit;
mod field_path;
mod fieldspec;
mod generate;
mod go_json;
mod kustomization;
mod label_selector;
mod loader;
mod merge;
mod object_value;
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
mod shared;
mod size;
mod transform;
mod tree;
mod value;
mod vars;
mod written;

pub use build::{Build, Document, build, charts};
pub use chart::{Chart, ValuesMerge};
pub use options::{LoadRestrictor, Options, Reorder};
pub use tree::{FileTree, Remote};
