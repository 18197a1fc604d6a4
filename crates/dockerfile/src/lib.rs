//! Dockerfile -> image.
//!
//! [`parse`] is pure; [`Builder`] runs what it gives. Docker's Dockerfile reference is the judge of both:
//! what is supported means the same here, and the rest is refused by name and line.

mod accounts;
mod build;
mod copy;
mod dockerfile;
mod expand;
mod glob;
mod ignore;
mod image_files;
mod nearest;
mod parse;
mod pattern;
mod tree;
mod tree_path;

pub use build::{BuildError, Builder, Built, Image, Request};
pub use dockerfile::{
    Arg, CommandLine, Copy, CopyFrom, CopyVerb, Dockerfile, Escape, Healthcheck, Instruction, Run,
    RunNetwork, Stage, Step, Word,
};
pub use parse::{Heredoc, MAX_DOCKERFILE, parse};
