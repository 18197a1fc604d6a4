//! The worker's end: calls the server, runs what it is told, and ends when nobody wants it any more.

mod call;
mod certificate;
mod place;
mod serve;
mod socket;
mod terminal;
mod upload;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use towpath_sandbox::{Host, InitProgram, Limits, PlainWorkspace, SandboxError, remove_tree};

use crate::link::Link;

/// What the worker is told when it is started.
#[derive(Clone, Debug)]
pub struct Config {
    /// `http://host/work/v1/<job>`, or https.
    pub url: String,
    /// Of this one job.
    pub token: String,
    /// Certificate authorities beside the well-known ones, in PEM.
    pub certificate_authorities: Option<String>,
    /// Told to the server, which decides what of it commands get.
    pub environment: BTreeMap<String, String>,
    /// A folder for this job alone.
    pub folder: PathBuf,
    /// How commands are started.
    pub init: InitProgram,
}

#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error("{0}")]
    Call(#[from] CallError),
    #[error("cannot make a folder for what is on its way: {0}")]
    Scratch(std::io::Error),
}

pub use call::CallError;

/// Works until the server says goodbye or the lease has run out; gives the reason. All that was started is
/// gone then, and so are its files.
pub async fn work(config: Config) -> Result<String, WorkerError> {
    let host = Host::plain(config.init.clone());
    let folder = config.folder.join("work");
    let workspace = PlainWorkspace::start(&host, &folder, &Limits::default()).await?;
    let workspace = Arc::new(workspace);
    let link = Arc::new(Link::new());
    let (called, served) = tokio::join!(
        until_goodbye(&link, &config, &workspace),
        serve::serve(&link, &workspace, &config.folder),
    );
    match Arc::into_inner(workspace) {
        Some(workspace) => workspace.close().await?,
        None => tracing::debug!("the workspace ends with the last that uses it"),
    }
    remove_tree(&host, &folder).await?;
    served.map_err(WorkerError::Scratch)?;
    Ok(called?)
}

/// However it ends, what runs ends with it.
async fn until_goodbye(
    link: &Link,
    config: &Config,
    workspace: &PlainWorkspace,
) -> Result<String, CallError> {
    let ended = call::call(link, config, workspace).await;
    link.end(match &ended {
        Ok(reason) => reason.clone(),
        Err(error) => error.to_string(),
    });
    ended
}
