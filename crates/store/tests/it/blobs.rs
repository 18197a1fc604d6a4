use futures_util::TryStreamExt;
use towpath_model::Digest;
use towpath_store::{Blobs, StoreError};

fn blobs() -> (tempfile::TempDir, Blobs) {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(folder.path()).unwrap();
    (folder, blobs)
}

/// More than one part, and not a multiple of it.
fn large() -> Vec<u8> {
    (0..(3 << 20) + 17)
        .map(|index: u32| index.to_le_bytes()[index as usize % 4])
        .collect()
}

#[tokio::test]
async fn content_comes_back_by_its_digest() {
    let (_folder, blobs) = blobs();
    for content in [Vec::new(), b"small".to_vec(), large()] {
        let mut writer = blobs.writer();
        for piece in content.chunks(100_003) {
            writer.write(piece).await.unwrap();
        }
        let written = writer.finish(Some(Digest::of(&content))).await.unwrap();
        assert_eq!(
            (written.digest, written.size),
            (Digest::of(&content), content.len() as u64)
        );
        assert_eq!(
            blobs.size(&written.digest).await.unwrap(),
            Some(written.size)
        );
        assert_eq!(blobs.read(&written.digest, 1 << 30).await.unwrap(), content);
        let file = blobs.file(&written.digest).await.unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), content);
        assert_eq!(blobs.put_file(&file).await.unwrap(), written);
    }
}

#[tokio::test]
async fn a_range_is_only_that_range() {
    let (_folder, blobs) = blobs();
    let content = large();
    let blob = blobs.put(content.clone()).await.unwrap();
    let range = blobs
        .stream(&blob.digest, Some(1_048_000..2_097_700))
        .await
        .unwrap();
    let pieces: Vec<_> = range.try_collect().await.unwrap();
    assert_eq!(pieces.concat(), content[1_048_000..2_097_700]);
}

#[tokio::test]
async fn wrong_content_leaves_nothing() {
    let (folder, blobs) = blobs();
    for content in [b"small".to_vec(), large()] {
        let mut writer = blobs.writer();
        writer.write(&content).await.unwrap();
        let refused = writer.finish(Some(Digest::of(b"other"))).await;
        assert!(
            matches!(refused, Err(StoreError::WrongDigest { .. })),
            "{refused:?}"
        );
        assert_eq!(blobs.size(&Digest::of(&content)).await.unwrap(), None);
    }
    let mut dropped = blobs.writer();
    dropped.write(&large()).await.unwrap();
    drop(dropped);
    assert!(
        blobs
            .list()
            .try_collect::<Vec<_>>()
            .await
            .unwrap()
            .is_empty()
    );
    let reopened = Blobs::open(folder.path()).unwrap();
    assert!(
        reopened
            .list()
            .try_collect::<Vec<_>>()
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        std::fs::read_dir(folder.path().join("uploads"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn limits_and_absence_are_errors_of_their_own() {
    let (_folder, blobs) = blobs();
    let blob = blobs.put("four").await.unwrap();
    assert!(matches!(
        blobs.read(&blob.digest, 3).await,
        Err(StoreError::TooLarge(_, 3))
    ));
    blobs.delete(&blob.digest).await.unwrap();
    blobs.delete(&blob.digest).await.unwrap();
    assert!(matches!(
        blobs.read(&blob.digest, 9).await,
        Err(StoreError::NoBlob(_))
    ));
    assert!(matches!(
        blobs.file(&blob.digest).await,
        Err(StoreError::NoBlob(_))
    ));
}

#[tokio::test]
async fn writing_again_renews_a_blob() {
    let (_folder, blobs) = blobs();
    let blob = blobs.put("again").await.unwrap();
    let file = blobs.file(&blob.digest).await.unwrap();
    let old = std::fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
    std::fs::File::open(&file).unwrap().set_times(old).unwrap();
    assert_eq!(
        blobs.list().try_collect::<Vec<_>>().await.unwrap()[0]
            .written_at
            .0,
        0
    );
    blobs.put("again").await.unwrap();
    assert!(
        blobs.list().try_collect::<Vec<_>>().await.unwrap()[0]
            .written_at
            .0
            > 0
    );
}
