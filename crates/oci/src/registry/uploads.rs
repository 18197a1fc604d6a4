//! Blobs on their way in over several requests. They live in memory and in temporary files: a restarted
//! server knows nothing of them, and the client begins again (BLOB_UPLOAD_UNKNOWN).

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use towpath_model::Timestamp;
use towpath_store::BlobWriter;

/// How long an upload may rest between two requests.
const IDLE_LIMIT: Duration = Duration::from_secs(60 * 60);
/// How many uploads may be open at once.
const UPLOAD_LIMIT: usize = 256;

/// Names an upload; not to be guessed, since whoever knows it may write to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct UploadId(u128);

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UploadId(..)")
    }
}

impl FromStr for UploadId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let canonical = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !canonical {
            return Err(());
        }
        u128::from_str_radix(text, 16).map(Self).map_err(drop)
    }
}

#[derive(Default)]
pub(crate) struct Uploads {
    open: Mutex<HashMap<UploadId, Upload>>,
}

struct Upload {
    repository: String,
    touched: Timestamp,
    /// Taken out while a request writes. A request that is cut off does not give it back, since nobody
    /// knows how much of its content arrived: the upload is then unknown.
    writer: Arc<tokio::sync::Mutex<Option<BlobWriter>>>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooManyUploads;

impl Uploads {
    pub(crate) fn begin(
        &self,
        repository: &str,
        writer: BlobWriter,
        now: Timestamp,
    ) -> Result<UploadId, TooManyUploads> {
        self.expire(now);
        let mut open = self.lock();
        if open.len() >= UPLOAD_LIMIT {
            return Err(TooManyUploads);
        }
        let id = UploadId(rand::random());
        let upload = Upload {
            repository: repository.to_owned(),
            touched: now,
            writer: Arc::new(tokio::sync::Mutex::new(Some(writer))),
        };
        open.insert(id, upload);
        Ok(id)
    }

    pub(crate) fn writer(
        &self,
        repository: &str,
        id: UploadId,
        now: Timestamp,
    ) -> Option<Arc<tokio::sync::Mutex<Option<BlobWriter>>>> {
        let mut open = self.lock();
        let upload = open
            .get_mut(&id)
            .filter(|upload| upload.repository == repository)?;
        upload.touched = now;
        Some(Arc::clone(&upload.writer))
    }

    pub(crate) fn remove(&self, id: UploadId) {
        self.lock().remove(&id);
    }

    /// Forgets uploads that rest for too long, and those whose writer was lost; never one that is being written.
    pub(crate) fn expire(&self, now: Timestamp) {
        self.lock()
            .retain(|_, upload| match upload.writer.try_lock() {
                Err(_) => true,
                Ok(writer) => writer.is_some() && now.since(upload.touched) < IDLE_LIMIT,
            });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UploadId, Upload>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
