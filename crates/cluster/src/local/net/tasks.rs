use tokio::task::JoinHandle;

/// Tasks that end when this is dropped.
#[derive(Default)]
pub(super) struct Tasks(Vec<JoinHandle<()>>);

impl Tasks {
    pub(super) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.push(tokio::spawn(task));
    }

    /// Ends them and waits until they have let go of what they held.
    pub(super) async fn end(mut self) {
        for task in &self.0 {
            task.abort();
        }
        for task in std::mem::take(&mut self.0) {
            if let Err(error) = task.await
                && error.is_panic()
            {
                tracing::error!(%error, "a task of the cluster's network");
            }
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}
