use tempfile::TempDir;
use towpath_oci::LayerStore;
use towpath_store::Blobs;

/// A data folder with blobs and unpacked layers.
pub(crate) struct Place {
    pub(crate) data: TempDir,
    pub(crate) blobs: Blobs,
    pub(crate) layers: LayerStore,
}

impl Place {
    pub(crate) fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&data.path().join("blobs")).unwrap();
        let layers = LayerStore::open(&data.path().join("layers"), blobs.clone()).unwrap();
        Self {
            data,
            blobs,
            layers,
        }
    }
}
