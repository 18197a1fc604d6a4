//! YAML as a tree that knows where everything stands in the file.
//!
//! [`parse`] keeps spans, order, styles and comments, and resolves plain scalars exactly as go-yaml does,
//! since the files we read are written for programs that use go-yaml. [`Reader`] turns a tree into a type
//! and names every key that nobody took. [`to_yaml`] writes what every go-yaml reads back unchanged, and
//! [`node_to_yaml`] a tree of [`syntax`], which keeps anchors, aliases and comments, in the style that it has.
//!
//! **Architecture invariant:** no I/O, and bounded work and memory whatever the text is (see [`limits`]).

#![warn(missing_docs)]

pub mod edit;
mod emit;
mod emit_node;
mod escape;
mod fields;
mod go_number;
mod go_yaml;
mod json;
pub mod limits;
mod load;
mod nearest;
mod node;
mod plain_block;
mod quoting;
mod resolve;
pub mod syntax;

pub use emit::{stream_to_yaml, to_yaml};
pub use emit_node::{document_to_yaml, node_to_yaml, string_style};
pub use escape::escape;
pub use fields::{Fields, Reader};
pub use load::{parse, parse_1_2, parse_last_counts, parse_with};
#[doc(hidden)]
pub use load::{parse_1_2_by_scanner, parse_by_scanner};
pub use nearest::nearest;
pub use node::{Comment, Document, Entry, Kind, Node, Position, Span, Style};
pub use resolve::{PlainKind, Resolution, is_string, plain_kind};
