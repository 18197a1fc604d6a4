use std::time::Duration;

use tokio::process::Child;

use crate::SandboxError;

/// After so long an init process that was told to end is killed. Its namespaces go with it.
const ENDING: Duration = Duration::from_secs(10);

/// An init process, which ends by itself when its socket is closed. One that does not is killed, also when
/// this is dropped.
pub(crate) struct InitProcess(Option<Child>);

impl InitProcess {
    pub(crate) fn new(child: Child) -> Self {
        Self(Some(child))
    }

    pub(crate) fn child(&mut self) -> Option<&mut Child> {
        self.0.as_mut()
    }

    /// Waits for the end of a process whose socket is closed.
    pub(crate) async fn see_off(&mut self) -> Result<(), SandboxError> {
        match self.0.take() {
            Some(child) => see_off(child).await,
            None => Ok(()),
        }
    }
}

impl Drop for InitProcess {
    fn drop(&mut self) {
        let Some(child) = self.0.take() else {
            return;
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async {
                if let Err(error) = see_off(child).await {
                    tracing::error!(%error, "a dropped sandbox");
                }
            })),
            // The socket is closed, so it ends by itself.
            Err(_) => drop(child),
        }
    }
}

async fn see_off(mut child: Child) -> Result<(), SandboxError> {
    let failed = || SandboxError::io("cannot wait for the end of a sandbox");
    match tokio::time::timeout(ENDING, child.wait()).await {
        Ok(ended) => ended.map(drop).map_err(failed()),
        Err(_) => {
            tracing::warn!("a sandbox did not end in {ENDING:?} and is killed");
            child.kill().await.map_err(failed())
        }
    }
}
