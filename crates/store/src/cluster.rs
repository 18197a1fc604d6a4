//! Rows of the local cluster.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};
use towpath_model::{ProjectName, Timestamp};

use crate::db::parse;
use crate::{Store, StoreError};

/// What makes two objects of a cluster the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClusterKey {
    /// Empty for kinds outside of namespaces.
    pub namespace: String,
    pub name: String,
    pub group: String,
    pub kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterObject {
    pub key: ClusterKey,
    pub project: ProjectName,
    /// From 1; rises when the object changes.
    pub generation: i64,
    /// JSON.
    pub object: String,
}

/// Who may have an object of this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterSharing {
    /// One project.
    Exclusive,
    /// Any project, and it outlives each of them. What it says is its owner's; one that says nothing
    /// beyond that it is there goes over to the first project that says more.
    Shared { says_nothing: bool },
}

/// What [`Store::cluster_apply`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterApply {
    Done {
        /// Counts the project's applies from 1.
        number: i64,
        changed: Vec<ClusterKey>,
        pruned: Vec<ClusterKey>,
        /// Shared objects that stay as another project has them.
        left: Vec<(ClusterKey, ProjectName)>,
    },
    /// Nothing was written: the object belongs to another project.
    Owned { key: ClusterKey, owner: ProjectName },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterReplicaSet {
    pub namespace: String,
    pub deployment: String,
    pub hash: String,
    pub revision: i64,
    pub replicas: i64,
    /// JSON.
    pub template: String,
}

/// A port of a Service that is open on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterHostPort {
    pub namespace: String,
    pub service: String,
    pub port: u16,
    pub host_port: u16,
    /// The port that the manifest asked for when this was chosen.
    pub asked: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterAddress {
    pub namespace: String,
    pub service: String,
    pub cluster_ip: String,
}

impl Store {
    /// Makes `objects` the whole of what `project` has in the cluster, in one transaction. `sharing` judges
    /// a key and its object; what is shared is never removed.
    pub async fn cluster_apply(
        &self,
        project: &ProjectName,
        objects: &[(ClusterKey, String)],
        sharing: Sharing,
        now: Timestamp,
    ) -> Result<ClusterApply, StoreError> {
        let mut tx = self.db.write().await?;
        let before = all_objects(&mut tx).await?;
        if let Some((key, owner)) = foreign(&before, project, objects, sharing) {
            return Ok(ClusterApply::Owned { key, owner });
        }
        let (mut changed, mut left) = (Vec::new(), Vec::new());
        for (key, object) in objects {
            let old = before.iter().find(|old| old.key == *key);
            match next(old, project, object, sharing) {
                Next::Write => {
                    put_object(&mut tx, project, key, object, now).await?;
                    changed.push(key.clone());
                }
                Next::Keep => {}
                Next::Leave(owner) => left.push((key.clone(), owner.clone())),
            }
        }
        let listed = |key: &ClusterKey| objects.iter().any(|(other, _)| other == key);
        let gone = before.into_iter().filter(|old| {
            let exclusive = sharing(&old.key, &old.object) == ClusterSharing::Exclusive;
            old.project == *project && exclusive && !listed(&old.key)
        });
        let pruned: Vec<ClusterKey> = gone.map(|old| old.key).collect();
        for key in &pruned {
            delete_object(&mut tx, key).await?;
        }
        let number = next_number(&mut tx, project, now).await?;
        tx.commit().await?;
        Ok(ClusterApply::Done {
            number,
            changed,
            pruned,
            left,
        })
    }

    /// All objects of the local cluster.
    pub async fn cluster_objects(&self) -> Result<Vec<ClusterObject>, StoreError> {
        let rows = sqlx::query("SELECT * FROM cluster_objects ORDER BY namespace, name, kind")
            .fetch_all(self.db.pool())
            .await?;
        rows.iter().map(object).collect()
    }

    /// The number of each project's latest apply.
    pub async fn cluster_applies(&self) -> Result<Vec<(ProjectName, i64)>, StoreError> {
        let rows = sqlx::query("SELECT project, number FROM cluster_applies")
            .fetch_all(self.db.pool())
            .await?;
        rows.iter()
            .map(|row| Ok((parse(row, "project")?, row.try_get("number")?)))
            .collect()
    }

    pub async fn cluster_replica_sets(&self) -> Result<Vec<ClusterReplicaSet>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM cluster_replica_sets ORDER BY namespace, deployment, revision",
        )
        .fetch_all(self.db.pool())
        .await?;
        rows.iter().map(replica_set).collect()
    }

    /// Adds it, or sets revision and replicas of the one that is there: a template never changes.
    pub async fn put_cluster_replica_set(&self, set: &ClusterReplicaSet) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO cluster_replica_sets (namespace, deployment, hash, revision, replicas, template)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (namespace, deployment, hash) DO UPDATE
             SET revision = excluded.revision, replicas = excluded.replicas",
        )
        .bind(&set.namespace)
        .bind(&set.deployment)
        .bind(&set.hash)
        .bind(set.revision)
        .bind(set.replicas)
        .bind(&set.template)
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    pub async fn delete_cluster_replica_set(
        &self,
        namespace: &str,
        deployment: &str,
        hash: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM cluster_replica_sets WHERE namespace = $1 AND deployment = $2 AND hash = $3")
            .bind(namespace)
            .bind(deployment)
            .bind(hash)
            .execute(self.db.pool())
            .await?;
        Ok(())
    }

    pub async fn cluster_addresses(&self) -> Result<Vec<ClusterAddress>, StoreError> {
        let rows = sqlx::query("SELECT * FROM cluster_addresses")
            .fetch_all(self.db.pool())
            .await?;
        rows.iter()
            .map(|row| {
                Ok(ClusterAddress {
                    namespace: row.try_get("namespace")?,
                    service: row.try_get("service")?,
                    cluster_ip: row.try_get("cluster_ip")?,
                })
            })
            .collect()
    }

    /// Replaces the address of a Service.
    pub async fn put_cluster_address(&self, address: &ClusterAddress) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO cluster_addresses (namespace, service, cluster_ip) VALUES ($1, $2, $3)
             ON CONFLICT (namespace, service) DO UPDATE SET cluster_ip = excluded.cluster_ip",
        )
        .bind(&address.namespace)
        .bind(&address.service)
        .bind(&address.cluster_ip)
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    pub async fn cluster_host_ports(&self) -> Result<Vec<ClusterHostPort>, StoreError> {
        let rows = sqlx::query("SELECT * FROM cluster_host_ports")
            .fetch_all(self.db.pool())
            .await?;
        rows.iter().map(host_port).collect()
    }

    /// Replaces the host port of a Service's port.
    pub async fn put_cluster_host_port(&self, port: &ClusterHostPort) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO cluster_host_ports (namespace, service, port, host_port, asked) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (namespace, service, port) DO UPDATE SET host_port = excluded.host_port, asked = excluded.asked",
        )
        .bind(&port.namespace)
        .bind(&port.service)
        .bind(i64::from(port.port))
        .bind(i64::from(port.host_port))
        .bind(port.asked.map(i64::from))
        .execute(self.db.pool())
        .await?;
        Ok(())
    }

    /// Gives up the address of a Service.
    pub async fn delete_cluster_address(
        &self,
        namespace: &str,
        service: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM cluster_addresses WHERE namespace = $1 AND service = $2")
            .bind(namespace)
            .bind(service)
            .execute(self.db.pool())
            .await?;
        Ok(())
    }

    /// Gives up the host port of a Service's port.
    pub async fn delete_cluster_host_port(
        &self,
        namespace: &str,
        service: &str,
        port: u16,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM cluster_host_ports WHERE namespace = $1 AND service = $2 AND port = $3",
        )
        .bind(namespace)
        .bind(service)
        .bind(i64::from(port))
        .execute(self.db.pool())
        .await?;
        Ok(())
    }
}

type Sharing = fn(&ClusterKey, &str) -> ClusterSharing;

/// What becomes of one object.
enum Next<'a> {
    Write,
    Keep,
    Leave(&'a ProjectName),
}

/// `old` is the project's own, or shared.
fn next<'a>(
    old: Option<&'a ClusterObject>,
    project: &ProjectName,
    object: &str,
    sharing: Sharing,
) -> Next<'a> {
    let Some(old) = old else {
        return Next::Write;
    };
    let says_nothing =
        |object: &str| sharing(&old.key, object) == ClusterSharing::Shared { says_nothing: true };
    if old.object == object {
        Next::Keep
    } else if old.project == *project {
        Next::Write
    } else if says_nothing(object) {
        Next::Keep
    } else if says_nothing(&old.object) {
        Next::Write
    } else {
        Next::Leave(&old.project)
    }
}

async fn all_objects(tx: &mut Transaction<'_, Sqlite>) -> Result<Vec<ClusterObject>, StoreError> {
    let rows = sqlx::query("SELECT * FROM cluster_objects")
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(object).collect()
}

fn foreign(
    before: &[ClusterObject],
    project: &ProjectName,
    objects: &[(ClusterKey, String)],
    sharing: Sharing,
) -> Option<(ClusterKey, ProjectName)> {
    let others = before.iter().filter(|old| {
        old.project != *project && sharing(&old.key, &old.object) == ClusterSharing::Exclusive
    });
    let mut taken = others.filter(|old| objects.iter().any(|(key, _)| *key == old.key));
    taken
        .next()
        .map(|old| (old.key.clone(), old.project.clone()))
}

async fn put_object(
    tx: &mut Transaction<'_, Sqlite>,
    project: &ProjectName,
    key: &ClusterKey,
    object: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO cluster_objects (namespace, name, api_group, kind, project, generation, object, updated_at)
         VALUES ($1, $2, $3, $4, $5, 1, $6, $7)
         ON CONFLICT (namespace, name, api_group, kind) DO UPDATE
         SET project = excluded.project, object = excluded.object, updated_at = excluded.updated_at,
             generation = cluster_objects.generation + 1",
    )
    .bind(&key.namespace)
    .bind(&key.name)
    .bind(&key.group)
    .bind(&key.kind)
    .bind(project.as_str())
    .bind(object)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn delete_object(
    tx: &mut Transaction<'_, Sqlite>,
    key: &ClusterKey,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM cluster_objects WHERE namespace = $1 AND name = $2 AND api_group = $3 AND kind = $4")
        .bind(&key.namespace)
        .bind(&key.name)
        .bind(&key.group)
        .bind(&key.kind)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn next_number(
    tx: &mut Transaction<'_, Sqlite>,
    project: &ProjectName,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "INSERT INTO cluster_applies (project, number, applied_at) VALUES ($1, 1, $2)
         ON CONFLICT (project) DO UPDATE
         SET number = cluster_applies.number + 1, applied_at = excluded.applied_at
         RETURNING number",
    )
    .bind(project.as_str())
    .bind(now.0)
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.try_get("number")?)
}

fn object(row: &SqliteRow) -> Result<ClusterObject, StoreError> {
    Ok(ClusterObject {
        key: ClusterKey {
            namespace: row.try_get("namespace")?,
            name: row.try_get("name")?,
            group: row.try_get("api_group")?,
            kind: row.try_get("kind")?,
        },
        project: parse(row, "project")?,
        generation: row.try_get("generation")?,
        object: row.try_get("object")?,
    })
}

fn replica_set(row: &SqliteRow) -> Result<ClusterReplicaSet, StoreError> {
    Ok(ClusterReplicaSet {
        namespace: row.try_get("namespace")?,
        deployment: row.try_get("deployment")?,
        hash: row.try_get("hash")?,
        revision: row.try_get("revision")?,
        replicas: row.try_get("replicas")?,
        template: row.try_get("template")?,
    })
}

fn host_port(row: &SqliteRow) -> Result<ClusterHostPort, StoreError> {
    let port =
        |number: i64| u16::try_from(number).map_err(|error| StoreError::corrupt("a port", error));
    let asked: Option<i64> = row.try_get("asked")?;
    Ok(ClusterHostPort {
        namespace: row.try_get("namespace")?,
        service: row.try_get("service")?,
        port: port(row.try_get("port")?)?,
        host_port: port(row.try_get("host_port")?)?,
        asked: asked.map(port).transpose()?,
    })
}
