use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use towpath_model::Outbound;
use towpath_oci::{Host as RegistryHost, Images, LayerStore, Registry, Sources};
use towpath_store::{Blobs, Store};
use towpath_web::WebConfig;

use crate::server::{Config, DataFolder};

/// Our registry, and images from wherever they come.
pub(super) struct ImageParts {
    pub(super) registry: Registry,
    /// The name under which our registry's images are deployed.
    pub(super) registry_host: RegistryHost,
    pub(super) images: Images,
    pub(super) layers: LayerStore,
}

impl ImageParts {
    pub(super) fn open(
        config: &Config,
        data: &DataFolder,
        web: &WebConfig,
        store: &Store,
        blobs: &Blobs,
        outbound: &Outbound,
    ) -> Result<Self> {
        let registry = Registry::new(store.clone(), blobs.clone());
        let registry_host = registry_host(web)?;
        let folder = data.join("layers");
        Ok(Self {
            images: Images::new(
                registry.clone(),
                sources(config, &registry_host, outbound.clone()),
            ),
            layers: LayerStore::open(&folder, blobs.clone())
                .with_context(|| folder.display().to_string())?,
            registry,
            registry_host,
        })
    }
}

fn registry_host(web: &WebConfig) -> Result<RegistryHost> {
    let url = web.base_url();
    let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host);
    Ok(host.parse()?)
}

fn sources(config: &Config, own: &RegistryHost, outbound: Outbound) -> Sources {
    let mirrors = config.build.registry_mirror.iter();
    Sources {
        own_hosts: BTreeSet::from([own.clone()]),
        mirrors: mirrors
            .map(|mirror| (mirror.of.clone(), mirror.clone()))
            .collect(),
        credentials: BTreeMap::new(),
        outbound,
    }
}
