//! What a command runs on that waits for others.

use anyhow::{Context, Result};

/// Runs the work to its end, on all processors and with what TLS needs.
///
/// A command that only computes does without: a runtime costs it time and memory.
///
/// # Errors
/// When the system gives no threads or no events, and those of the work.
pub fn wait<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    if let Err(installed) = rustls::crypto::aws_lc_rs::default_provider().install_default() {
        // Somebody was faster: there is one, which is what matters.
        drop(installed);
    }
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(work)
}
