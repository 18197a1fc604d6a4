//! Through the front door: the real program, the real git, the real sandbox.

mod demo;
mod flow;
mod kill;
mod program;
mod usage;
