//! Real parts for tests, in temporary folders, and the one way to wait.

mod eventually;
mod init_program;
mod require;
mod server;
mod work_tree;

pub use eventually::{eventually, eventually_async};
pub use init_program::init_program;
pub use require::require;
pub use server::TowpathServer;
pub use work_tree::WorkTree;
