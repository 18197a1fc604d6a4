//! Images whose manifest is a row: our own, and those fetched before.

use towpath_model::Digest;
use towpath_store::StoredManifest;

use crate::image::{Compression, ImageConfiguration, Layer, ResolvedImage, this_platform};
use crate::manifest::{Content, Descriptor, MANIFEST_LIMIT, Manifest, Platform};
use crate::reference::Version;
use crate::registry::{Registry, RegistryError};

/// Configurations are small; one that is not is an attack.
pub(crate) const CONFIG_LIMIT: u64 = 4 * 1024 * 1024;

/// `None` when the repository holds no such manifest, or only an index around the image.
pub(crate) async fn stored_image(
    registry: &Registry,
    repository: &str,
    version: &Version,
) -> Result<Option<ResolvedImage>, RegistryError> {
    let Some(row) = registry.row(repository, version).await? else {
        return Ok(None);
    };
    let manifest = read(registry, &row).await?;
    let Content::Index { manifests } = &manifest.content else {
        return image(registry, row.digest, &manifest).await.map(Some);
    };
    let digest = choose(row.digest, manifests, &this_platform())?;
    let Some(row) = registry.store().manifest(repository, &digest).await? else {
        return Ok(None);
    };
    let manifest = read(registry, &row).await?;
    image(registry, row.digest, &manifest).await.map(Some)
}

/// The image of an index for a platform: the same variant if there is one, else any of the architecture.
pub(crate) fn choose(
    index: Digest,
    manifests: &[Descriptor],
    wanted: &Platform,
) -> Result<Digest, RegistryError> {
    let fits = |platform: &Platform| {
        platform.os == wanted.os && platform.architecture == wanted.architecture
    };
    let candidates = || {
        let all = manifests.iter();
        all.filter_map(|each| {
            each.platform
                .as_ref()
                .map(|platform| (platform, each.digest))
        })
        .filter(|(platform, _)| fits(platform))
    };
    candidates()
        .find(|(platform, _)| platform.variant == wanted.variant)
        .or_else(|| candidates().next())
        .map(|(_, digest)| digest)
        .ok_or_else(|| {
            let platforms = manifests.iter().filter_map(|each| each.platform.as_ref());
            let names: Vec<String> = platforms.map(ToString::to_string).collect();
            RegistryError::NoPlatform {
                digest: index,
                wanted: wanted.to_string(),
                found: names.join(", "),
            }
        })
}

async fn read(registry: &Registry, row: &StoredManifest) -> Result<Manifest, RegistryError> {
    let bytes = registry.blobs().read(&row.digest, MANIFEST_LIMIT).await?;
    Ok(Manifest::parse(Some(&row.media_type), &bytes)?)
}

async fn image(
    registry: &Registry,
    digest: Digest,
    manifest: &Manifest,
) -> Result<ResolvedImage, RegistryError> {
    let Content::Image { config, layers } = &manifest.content else {
        let reason = "an index holds another index".to_owned();
        return Err(RegistryError::Config { digest, reason });
    };
    let bytes = registry.blobs().read(&config.digest, CONFIG_LIMIT).await?;
    let invalid = |reason: String| RegistryError::Config {
        digest: config.digest,
        reason,
    };
    let config: ImageConfiguration =
        serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
    check_platform(digest, &config)?;
    let diff_ids = config.rootfs().diff_ids();
    if diff_ids.len() != layers.len() {
        let (ids, layers) = (diff_ids.len(), layers.len());
        return Err(invalid(format!(
            "it has {ids} diff ids for {layers} layers"
        )));
    }
    let layers = layers.iter().zip(diff_ids).map(|(descriptor, diff_id)| {
        let diff_id = diff_id.parse();
        let diff_id =
            diff_id.map_err(|error: towpath_model::DigestError| invalid(error.to_string()))?;
        layer(digest, descriptor, diff_id)
    });
    let layers = layers.collect::<Result<Vec<Layer>, _>>()?;
    for layer in &layers {
        let missing = registry.blobs().size(&layer.digest).await?.is_none();
        if missing {
            return Err(towpath_store::StoreError::NoBlob(layer.digest).into());
        }
    }
    Ok(ResolvedImage {
        digest,
        config,
        layers,
    })
}

/// Some tools leave the platform empty: such an image is taken at its maker's word.
fn check_platform(digest: Digest, config: &ImageConfiguration) -> Result<(), RegistryError> {
    let wanted = this_platform();
    let (os, architecture) = (config.os().to_string(), config.architecture().to_string());
    let fits = |found: &str, wanted: &str| found.is_empty() || found == wanted;
    if fits(&os, &wanted.os) && fits(&architecture, &wanted.architecture) {
        return Ok(());
    }
    Err(RegistryError::NoPlatform {
        digest,
        wanted: wanted.to_string(),
        found: format!("{os}/{architecture}"),
    })
}

fn layer(image: Digest, descriptor: &Descriptor, diff_id: Digest) -> Result<Layer, RegistryError> {
    let compression = Compression::of_media_type(&descriptor.media_type);
    let unknown = || RegistryError::LayerType(image, descriptor.media_type.clone());
    Ok(Layer {
        digest: descriptor.digest,
        diff_id,
        size: descriptor.size,
        compression: compression.ok_or_else(unknown)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(architecture: &str, variant: Option<&str>) -> Descriptor {
        let mut descriptor = Descriptor::new("m", Digest::of(architecture.as_bytes()), 1);
        descriptor.platform = Some(Platform {
            os: "linux".to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
        });
        descriptor
    }

    #[test]
    fn the_platform_is_chosen_out_of_an_index() {
        let index = Digest::of(b"index");
        let wanted = entry("amd64", None).platform.unwrap();
        let both = [entry("arm64", Some("v8")), entry("amd64", None)];
        assert_eq!(choose(index, &both, &wanted).unwrap(), Digest::of(b"amd64"));
        let variant = [entry("amd64", Some("v2"))];
        assert_eq!(
            choose(index, &variant, &wanted).unwrap(),
            Digest::of(b"amd64")
        );
        let error = choose(index, &both[..1], &wanted).unwrap_err().to_string();
        assert!(error.contains("linux/arm64/v8"), "{error}");
    }
}
