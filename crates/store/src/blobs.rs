use std::ops::Range;
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::io::AsyncReadExt;
use towpath_model::{Artifact, Digest, Hasher, Timestamp};

use crate::StoreError;

/// Up to this size content is written in one piece; above, in parts of this size.
const PART: usize = 1 << 20;
const UPLOADS: &str = "uploads";

/// Content by its digest: artifacts, image layers, manifests. Cheap to clone.
///
/// A blob is visible whole or not at all, and durable once its digest is returned.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<LocalFileSystem>,
}

/// A blob in a listing.
#[derive(Clone, Copy, Debug)]
pub struct BlobInfo {
    pub digest: Digest,
    pub size: u64,
    /// When it was last written; writing the same content again renews it.
    pub written_at: Timestamp,
}

impl Blobs {
    /// Opens the folder, makes it when it is not there, and removes what a killed server was writing.
    pub fn open(folder: &FsPath) -> Result<Self, StoreError> {
        let uploads = folder.join(UPLOADS);
        if uploads.exists() {
            std::fs::remove_dir_all(&uploads).map_err(StoreError::io(&uploads))?;
        }
        std::fs::create_dir_all(&uploads).map_err(StoreError::io(&uploads))?;
        let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(Self {
            store: Arc::new(store),
        })
    }

    /// Keeps content under its digest; on disk when this returns. Twice is free.
    pub async fn put(&self, content: impl Into<Bytes>) -> Result<Artifact, StoreError> {
        let mut writer = self.writer();
        writer.write(&content.into()).await?;
        writer.finish(None).await
    }

    /// Copies a file's content into the store.
    pub async fn put_file(&self, path: &FsPath) -> Result<Artifact, StoreError> {
        let io = |error| StoreError::io(path)(error);
        let mut file = tokio::fs::File::open(path).await.map_err(io)?;
        let (mut writer, mut buffer) = (self.writer(), vec![0; PART]);
        loop {
            let count = file.read(&mut buffer).await.map_err(io)?;
            if count == 0 {
                return writer.finish(None).await;
            }
            writer.write(&buffer[..count]).await?;
        }
    }

    /// Begins a blob whose content arrives in pieces.
    pub fn writer(&self) -> BlobWriter {
        BlobWriter {
            blobs: self.clone(),
            hasher: Hasher::new(),
            size: 0,
            buffer: BytesMut::new(),
            upload: None,
        }
    }

    /// The size in bytes, or none when there is no such blob.
    pub async fn size(&self, digest: &Digest) -> Result<Option<u64>, StoreError> {
        match self.store.head(&location(digest)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The whole content, which must not be larger than `limit` bytes.
    pub async fn read(&self, digest: &Digest, limit: u64) -> Result<Bytes, StoreError> {
        let result = self.get(digest).await?;
        if result.meta.size > limit {
            return Err(StoreError::TooLarge(*digest, limit));
        }
        Ok(result.bytes().await?)
    }

    /// The content, or a range of its bytes, in pieces.
    pub async fn stream(
        &self,
        digest: &Digest,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, Result<Bytes, StoreError>>, StoreError> {
        let options = object_store::GetOptions {
            range: range.map(Into::into),
            ..Default::default()
        };
        let result = self
            .store
            .get_opts(&location(digest), options)
            .await
            .map_err(|error| not_found(error, digest))?;
        Ok(result.into_stream().map_err(StoreError::from).boxed())
    }

    /// A file with the content, for those who must have one. It is not to be written to.
    pub async fn file(&self, digest: &Digest) -> Result<PathBuf, StoreError> {
        if self.size(digest).await?.is_none() {
            return Err(StoreError::NoBlob(*digest));
        }
        Ok(self.store.path_to_filesystem(&location(digest))?)
    }

    /// Removes a blob. One that is not there is fine.
    pub async fn delete(&self, digest: &Digest) -> Result<(), StoreError> {
        match self.store.delete(&location(digest)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// All blobs, in no particular order.
    pub fn list(&self) -> BoxStream<'static, Result<BlobInfo, StoreError>> {
        self.store
            .list(Some(&Path::from("sha256")))
            .map_err(StoreError::from)
            .try_filter_map(|meta| async move { Ok(blob_info(&meta)) })
            .boxed()
    }

    async fn get(&self, digest: &Digest) -> Result<object_store::GetResult, StoreError> {
        self.store
            .get(&location(digest))
            .await
            .map_err(|error| not_found(error, digest))
    }
}

/// Receives a blob's content. Dropped before [`BlobWriter::finish`], it leaves nothing.
pub struct BlobWriter {
    blobs: Blobs,
    hasher: Hasher,
    size: u64,
    buffer: BytesMut,
    upload: Option<(Path, Box<dyn MultipartUpload>)>,
}

impl BlobWriter {
    /// Bytes written so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds content; at most one part of it waits in memory.
    pub async fn write(&mut self, content: &[u8]) -> Result<(), StoreError> {
        self.hasher.update(content);
        self.size += content.len() as u64;
        self.buffer.extend_from_slice(content);
        while self.buffer.len() > PART {
            let part = self.buffer.split_to(PART).freeze();
            self.put_part(part).await?;
        }
        Ok(())
    }

    /// Makes the blob visible and durable. With `expected`, content of another digest is refused and leaves nothing.
    pub async fn finish(mut self, expected: Option<Digest>) -> Result<Artifact, StoreError> {
        let actual = std::mem::take(&mut self.hasher).finish();
        if let Some(expected) = expected
            && expected != actual
        {
            self.abort().await?;
            return Err(StoreError::WrongDigest { expected, actual });
        }
        let rest = self.buffer.split().freeze();
        let target = location(&actual);
        match self.upload.take() {
            None => {
                let payload = PutPayload::from_bytes(rest);
                self.blobs.store.put(&target, payload).await?;
            }
            Some((temporary, mut upload)) => {
                upload.put_part(PutPayload::from_bytes(rest)).await?;
                upload.complete().await?;
                self.blobs.store.rename(&temporary, &target).await?;
            }
        }
        Ok(Artifact {
            digest: actual,
            size: self.size,
        })
    }

    async fn put_part(&mut self, part: Bytes) -> Result<(), StoreError> {
        if self.upload.is_none() {
            let temporary = Path::from(format!("{UPLOADS}/{:032x}", rand::random::<u128>()));
            let upload = self.blobs.store.put_multipart(&temporary).await?;
            self.upload = Some((temporary, upload));
        }
        if let Some((_, upload)) = &mut self.upload {
            upload.put_part(PutPayload::from_bytes(part)).await?;
        }
        Ok(())
    }

    async fn abort(&mut self) -> Result<(), StoreError> {
        if let Some((_, mut upload)) = self.upload.take() {
            upload.abort().await?;
        }
        Ok(())
    }
}

fn location(digest: &Digest) -> Path {
    let hex = digest.hex();
    Path::from(format!("sha256/{}/{hex}", &hex[..2]))
}

fn blob_info(meta: &object_store::ObjectMeta) -> Option<BlobInfo> {
    let hex = meta.location.filename()?;
    Some(BlobInfo {
        digest: format!("sha256:{hex}").parse().ok()?,
        size: meta.size,
        written_at: Timestamp(meta.last_modified.timestamp_millis()),
    })
}

fn not_found(error: object_store::Error, digest: &Digest) -> StoreError {
    match error {
        object_store::Error::NotFound { .. } => StoreError::NoBlob(*digest),
        error => error.into(),
    }
}
