//! Dockerfile -> image.
//!
//! [`parse`] is pure; [`Builder`] runs what it gives, into our own registry. Docker's Dockerfile reference is
//! the judge of both: what is supported means the same here, and the rest is refused by name and line.
//!
//! All instructions of the reference are read, with several stages, heredocs, both forms of a command and
//! `.dockerignore`. Refused for now: `ONBUILD`, `RUN --mount` and `--security`, `COPY --parents` and
//! `--exclude`, `ADD` of anything but local files that are no archives, and platforms other than this machine's.
//! `HEALTHCHECK` is left out of the image with a warning, since OCI's image configuration has no place for it.
//!
//! **Architecture invariant:** nothing in an image depends on when, where or by whom it was built: files have
//! one fixed time, owners are the image's own, and every step is cached by all that goes into it. (Where the
//! server runs as a plain user, unpacked layers are all root's, and so is what is copied out of them.)

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
