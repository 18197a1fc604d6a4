use crate::{Store, StoreError};

const FORGET: [&str; 6] = [
    "DELETE FROM cluster_objects",
    "DELETE FROM cluster_applies",
    "DELETE FROM cluster_replica_sets",
    "DELETE FROM cluster_addresses",
    "DELETE FROM cluster_host_ports",
    "DELETE FROM projects",
];

impl Store {
    /// Forgets all projects with their executions, and what the local cluster ran; the registry and the build
    /// cache stay. For a database that outlives its runs only for what they cached.
    pub async fn forget_projects(&self) -> Result<(), StoreError> {
        let mut tx = self.db.write().await?;
        for statement in FORGET {
            sqlx::query(statement).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }
}
