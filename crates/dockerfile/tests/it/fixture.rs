use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use towpath_dockerfile::{Builder, Built, Image, Request};
use towpath_model::{Digest, Timestamp};
use towpath_oci::{
    Host as RegistryHost, Images, LayerStore, Mirror, Registry, Repository, ResolvedImage, Sources,
    Tag, Version,
};
use towpath_sandbox::{Host, InitProgram};
use towpath_store::{Blobs, Store};
use towpath_testkit::{busybox_image, init_program};

/// 1980-01-01.
const FILE_TIME: u64 = 315_532_800;

/// A builder with its registry, and a build context to write into.
pub(crate) struct Fixture {
    pub(crate) builder: Builder,
    pub(crate) registry: Registry,
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    context: TempDir,
    data: TempDir,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).await.unwrap();
        let blobs = Blobs::open(&data.path().join("blobs")).unwrap();
        let registry = Registry::new(store.clone(), blobs.clone());
        let own: RegistryHost = "registry.test".parse().unwrap();
        let hub: Mirror = "docker.io=https://registry.test".parse().unwrap();
        let sources = Sources {
            own_hosts: [own].into(),
            mirrors: [(hub.of.clone(), hub)].into(),
            ..Sources::default()
        };
        let work = data.path().join("work");
        fs::create_dir(&work).unwrap();
        Self {
            builder: Builder {
                store: store.clone(),
                images: Images::new(registry.clone(), sources),
                layers: LayerStore::open(&data.path().join("layers"), blobs.clone()).unwrap(),
                host: Host::detect(InitProgram::new(init_program())).await,
                work,
            },
            registry,
            store,
            blobs,
            context: tempfile::tempdir().unwrap(),
            data,
        }
    }

    /// With `busybox` in place of Docker Hub's; `None` without one on this machine.
    pub(crate) async fn with_busybox() -> Option<Self> {
        let fixture = Self::new().await;
        let repository = "library/busybox".parse().unwrap();
        busybox_image(&fixture.registry, &repository, &[Tag::latest()]).await?;
        Some(fixture)
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.context.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, content: &str) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        self
    }

    pub(crate) fn chmod(&self, path: &str, mode: u32) -> &Self {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    pub(crate) fn link(&self, target: &str, path: &str) -> &Self {
        std::os::unix::fs::symlink(target, self.path(path)).unwrap();
        self
    }

    /// Builds the Dockerfile with these arguments; the second is the log.
    pub(crate) async fn try_build(
        &self,
        dockerfile: &str,
        build_args: &[(&str, &str)],
    ) -> (Built, String) {
        self.write("Dockerfile", dockerfile);
        self.build_file("Dockerfile", build_args).await
    }

    /// Builds a file of the context.
    pub(crate) async fn build_file(
        &self,
        dockerfile: &str,
        build_args: &[(&str, &str)],
    ) -> (Built, String) {
        let build_args: BTreeMap<String, String> = build_args
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let repository: Repository = "hello".parse().unwrap();
        let tags = [Tag::latest()];
        let request = Request {
            context: self.context.path(),
            dockerfile,
            build_args: &build_args,
            target: None,
            repository: &repository,
            tags: &tags,
            created: Timestamp(1_700_000_000_000),
            now: Timestamp(1_800_000_000_000),
        };
        let mut log = Vec::new();
        let mut sink = |chunk: &[u8]| log.extend_from_slice(chunk);
        let built = self.builder.build(&request, &mut sink).await.unwrap();
        (built, String::from_utf8(log).unwrap())
    }

    pub(crate) async fn build(&self, dockerfile: &str) -> (Image, String) {
        match self.try_build(dockerfile, &[]).await {
            (Built::Image(image), log) => (image, log),
            (Built::Failed(errors), log) => panic!("{errors}\n{log}"),
        }
    }

    /// What the build was refused for.
    pub(crate) async fn refusal(&self, dockerfile: &str) -> String {
        match self.try_build(dockerfile, &[]).await {
            (Built::Failed(errors), _) => errors.to_string(),
            (Built::Image(image), log) => panic!("{image:?}\n{log}"),
        }
    }

    /// The image that was built last.
    pub(crate) async fn image(&self) -> ResolvedImage {
        let repository = "hello".parse().unwrap();
        let version = Version::Tag(Tag::latest());
        let image = self.registry.image(&repository, &version).await.unwrap();
        image.unwrap()
    }

    /// The entries of each layer of that image, without those of busybox.
    pub(crate) async fn layers(&self) -> Vec<Vec<String>> {
        let mut layers = Vec::new();
        for layer in self.image().await.layers {
            let file = self.blobs.file(&layer.digest).await.unwrap();
            let entries = entries(&file);
            if !entries
                .iter()
                .any(|entry| entry.starts_with("bin/busybox "))
            {
                layers.push(entries);
            }
        }
        layers
    }

    /// Who owns a file of `owner` once its layer is unpacked: with a plain user all files are root's.
    pub(crate) fn kept_owner(&self, owner: &'static str) -> &'static str {
        if self.builder.host.is_rootless() {
            "0:0"
        } else {
            owner
        }
    }

    /// Whether nothing is left of what `RUN` wrote.
    pub(crate) fn work_is_empty(&self) -> bool {
        fs::read_dir(self.data.path().join("work"))
            .unwrap()
            .next()
            .is_none()
    }

    pub(crate) async fn forget_blob(&self, digest: &Digest) {
        self.blobs.delete(digest).await.unwrap();
    }
}

/// `path mode uid:gid content`, the content of files and links only; the time where it is not the one that
/// builds give.
fn entries(layer: &Path) -> Vec<String> {
    let gzip = flate2::read::GzDecoder::new(fs::File::open(layer).unwrap());
    let mut archive = tar::Archive::new(gzip);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let header = entry.header().clone();
        let mut bytes = Vec::new();
        entry.by_ref().take(1000).read_to_end(&mut bytes).unwrap();
        let mut content = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(target) = entry.link_name().unwrap() {
            content = format!("-> {}", target.display());
        }
        let time = header.mtime().unwrap();
        if time != FILE_TIME {
            content += &format!(" at {time}");
        }
        format!(
            "{} {:o} {}:{} {content}",
            entry.path().unwrap().display(),
            header.mode().unwrap(),
            header.uid().unwrap(),
            header.gid().unwrap(),
        )
        .trim_end()
        .to_owned()
    });
    entries.collect()
}
