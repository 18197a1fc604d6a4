//! The crate's judge is upstream's program; see `tests/README.md`.

mod case;
mod corpus;
mod hostile;
mod krusty;
mod random;
mod warned;
