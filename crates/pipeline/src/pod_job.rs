use towpath_cluster::BuildPod;
use towpath_remote::JobId;
use towpath_store::{Store, StoreError};

/// A build's pod and its worker's token. Dropping it removes both behind one's back.
pub(crate) struct PodJob {
    pub(crate) pod: BuildPod,
    store: Store,
    id: JobId,
    ended: bool,
}

impl PodJob {
    pub(crate) fn new(pod: BuildPod, store: Store, id: JobId) -> Self {
        Self {
            pod,
            store,
            id,
            ended: false,
        }
    }

    /// The worker may call on when its build has ended.
    pub(crate) async fn outlive_its_attempt(&self) -> Result<(), StoreError> {
        self.store.keep_work(self.id.as_str()).await
    }

    pub(crate) async fn end(mut self) {
        self.ended = true;
        close(&self.store, &self.id).await;
        self.pod.delete().await;
    }
}

impl Drop for PodJob {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let (pod, store, id) = (self.pod.clone(), self.store.clone(), self.id.clone());
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move {
                close(&store, &id).await;
                pod.delete().await;
            })),
            Err(_) => tracing::debug!("a build's pod is left to the server's next start"),
        }
    }
}

/// A row that is left goes with the server's next start, and opens nothing meanwhile: nobody waits for its worker.
pub(crate) async fn close(store: &Store, id: &JobId) {
    if let Err(error) = store.close_work(id.as_str()).await {
        tracing::error!(%error, job = %id, "cannot end a job's token");
    }
}
