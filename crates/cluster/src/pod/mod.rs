//! What a pod does, as far as it is a function of data.

mod backoff;
mod config_files;
mod environment;
mod probing;
mod state;
mod users;

pub use backoff::Backoff;
pub use config_files::{ConfigFile, Configs, Missing, config_files};
pub use environment::{Downward, command_line, environment, expand};
pub use probing::{Probing, Verdict};
pub use state::{ContainerRun, PodState};
pub use users::{Ids, UserError, resolve_user};
