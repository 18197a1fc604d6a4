use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use towpath_sandbox::Mount;

use super::context::PodContext;
use crate::local::net::PodPlace;
use crate::pod::{ConfigFile, Missing, config_files};
use crate::spec::{Container, HostAlias, Volume, VolumeMount, VolumeSource};

/// The files that a pod's containers share: its volumes and `/etc/hosts` and the like.
pub(super) struct Volumes {
    etc: PathBuf,
    volumes: BTreeMap<String, Place>,
}

enum Place {
    /// Files made from an object; they follow it.
    Config(PathBuf),
    Folder(PathBuf),
    Memory {
        limit: Option<u64>,
    },
}

#[derive(Debug, thiserror::Error)]
pub(super) enum VolumeError {
    #[error("volume {volume}: {source}")]
    Missing { volume: String, source: Missing },
    #[error("volume {volume} has no {path}, which `subPath` asks for")]
    SubPath { volume: String, path: String },
    #[error("cannot write the pod's files: {0}")]
    Io(#[from] io::Error),
}

impl Volumes {
    pub(super) fn make(pod: &PodContext, place: &PodPlace) -> Result<Self, VolumeError> {
        let folder = pod.folder();
        let etc = folder.join("etc");
        write_etc(pod, place, &etc)?;
        let mut volumes = BTreeMap::new();
        for volume in &pod.template.spec.volumes {
            let path = folder.join("volumes").join(&volume.name);
            volumes.insert(volume.name.clone(), make(pod, volume, path)?);
        }
        Ok(Self { etc, volumes })
    }

    /// What one container sees of them.
    pub(super) fn mounts(&self, container: &Container) -> Result<Vec<Mount>, VolumeError> {
        let mut mounts: Vec<Mount> = ETC
            .iter()
            .map(|name| Mount::bind(self.etc.join(name), format!("/etc/{name}")))
            .collect();
        // A mount hides what was mounted below its target before.
        let mut asked: Vec<&VolumeMount> = container.mounts.iter().collect();
        asked.sort_by_key(|mount| Path::new(&mount.mount_path).components().count());
        for mount in asked {
            mounts.push(self.mount(mount)?);
        }
        Ok(mounts)
    }

    fn mount(&self, mount: &VolumeMount) -> Result<Mount, VolumeError> {
        let target = &mount.mount_path;
        let made = match self.volumes.get(&mount.name) {
            Some(Place::Config(path)) => {
                Mount::bind(config_source(path, mount)?, target).read_only()
            }
            Some(Place::Folder(path)) => Mount::bind(path, target),
            Some(Place::Memory { limit }) => Mount::tmpfs(target, *limit),
            // Refused when the manifest was read.
            None => Mount::tmpfs(target, Some(0)),
        };
        Ok(if mount.read_only {
            made.read_only()
        } else {
            made
        })
    }

    /// Keeps the files of ConfigMaps and Secrets as these are, as long as the pod lives. Never comes back.
    pub(super) async fn follow(&self, pod: &PodContext) {
        let mut configs = pod.machine.configs.subscribe();
        let mut seen = configs.borrow_and_update().clone();
        // An error means that the cluster ends.
        while configs.changed().await.is_ok() {
            let newest = configs.borrow_and_update().clone();
            if newest != seen
                && let Err(error) = self.refresh(pod)
            {
                tracing::warn!(pod = pod.identity.name, %error, "volumes stay as they were");
            }
            seen = newest;
        }
        std::future::pending::<()>().await;
    }

    fn refresh(&self, pod: &PodContext) -> Result<(), VolumeError> {
        for volume in &pod.template.spec.volumes {
            if let Some(Place::Config(path)) = self.volumes.get(&volume.name)
                && let Some(files) = files(pod, volume)?
            {
                write_config(path, &files, pod.template.spec.security.fs_group)?;
            }
        }
        Ok(())
    }
}

const ETC: [&str; 3] = ["hosts", "hostname", "resolv.conf"];

fn write_etc(pod: &PodContext, place: &PodPlace, etc: &Path) -> io::Result<()> {
    fs::create_dir_all(etc)?;
    let mut hosts = place.hosts(pod.hostname());
    for HostAlias { ip, names } in &pod.template.spec.host_aliases {
        hosts.push_str(&format!("{ip}\t{}\n", names.join("\t")));
    }
    fs::write(etc.join("hosts"), hosts)?;
    fs::write(etc.join("hostname"), format!("{}\n", pod.hostname()))?;
    fs::write(etc.join("resolv.conf"), &place.resolv_conf)
}

fn make(pod: &PodContext, volume: &Volume, path: PathBuf) -> Result<Place, VolumeError> {
    let fs_group = pod.template.spec.security.fs_group;
    if let Some(files) = files(pod, volume)? {
        fs::create_dir_all(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        write_config(&path, &files, fs_group)?;
        return Ok(Place::Config(path));
    }
    // A mount belongs to one container's run, so what is shared cannot be one.
    match volume.source {
        VolumeSource::EmptyDir {
            memory: true,
            limit,
        } if pod.template.spec.mounts_of(volume) <= 1 => Ok(Place::Memory { limit }),
        _ => {
            fs::create_dir_all(&path)?;
            give_to_group(&path, fs_group)?;
            let set_gid = if fs_group.is_some() { 0o2000 } else { 0 };
            fs::set_permissions(&path, fs::Permissions::from_mode(0o777 | set_gid))?;
            Ok(Place::Folder(path))
        }
    }
}

fn files(pod: &PodContext, volume: &Volume) -> Result<Option<Vec<ConfigFile>>, VolumeError> {
    config_files(&volume.source, &pod.configs(), &pod.identity.namespace).map_err(|source| {
        VolumeError::Missing {
            volume: volume.name.clone(),
            source,
        }
    })
}

fn config_source(volume: &Path, mount: &VolumeMount) -> Result<PathBuf, VolumeError> {
    let Some(sub_path) = &mount.sub_path else {
        return Ok(volume.to_owned());
    };
    // The file as it is now: what is mounted by `subPath` does not follow its object, as in Kubernetes.
    fs::canonicalize(volume.join(DATA).join(sub_path)).map_err(|_| VolumeError::SubPath {
        volume: mount.name.clone(),
        path: sub_path.clone(),
    })
}

const DATA: &str = "..data";

/// Replaces all files at once, as kubelet does (`AtomicWriter`): they lie in a folder of their own, to
/// which the link `..data` points, and what one sees are links through it.
fn write_config(volume: &Path, files: &[ConfigFile], fs_group: Option<u32>) -> io::Result<()> {
    let version = format!("..{}", next_version());
    let folder = volume.join(&version);
    for file in files {
        write_file(&folder, file, fs_group)?;
    }
    fs::create_dir_all(&folder)?;
    let old = read_link(&volume.join(DATA))?;
    let temporary = volume.join("..data_new");
    // A write that failed may have left it.
    if read_link(&temporary)?.is_some() {
        fs::remove_file(&temporary)?;
    }
    symlink(&version, &temporary)?;
    fs::rename(&temporary, volume.join(DATA))?;
    link_names(volume, files)?;
    match old {
        Some(old) => fs::remove_dir_all(volume.join(old)),
        None => Ok(()),
    }
}

fn read_link(path: &Path) -> io::Result<Option<PathBuf>> {
    match fs::read_link(path) {
        Ok(target) => Ok(Some(target)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn next_version() -> u64 {
    static VERSION: AtomicU64 = AtomicU64::new(1);
    VERSION.fetch_add(1, Ordering::Relaxed)
}

fn write_file(folder: &Path, file: &ConfigFile, fs_group: Option<u32>) -> io::Result<()> {
    let path = folder.join(&file.path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(&path, &file.content)?;
    give_to_group(&path, fs_group)?;
    let for_group = if fs_group.is_some() { 0o040 } else { 0 };
    fs::set_permissions(&path, fs::Permissions::from_mode(file.mode | for_group))
}

/// Only root may; for a plain user all groups but its own are out of reach, and the files are readable
/// by everybody in the pod unless their mode says otherwise.
fn give_to_group(path: &Path, fs_group: Option<u32>) -> io::Result<()> {
    match fs_group {
        Some(group) if nix::unistd::geteuid().is_root() => chown(path, None, Some(group)),
        _ => Ok(()),
    }
}

fn link_names(volume: &Path, files: &[ConfigFile]) -> io::Result<()> {
    let first = |file: &ConfigFile| {
        file.path
            .split('/')
            .find(|part| !part.is_empty() && *part != ".")
            .map(str::to_owned)
    };
    let wanted: BTreeSet<String> = files.iter().filter_map(first).collect();
    for name in &wanted {
        let link = volume.join(name);
        if read_link(&link)?.is_none() {
            symlink(Path::new(DATA).join(name), link)?;
        }
    }
    for entry in fs::read_dir(volume)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with("..") && !wanted.contains(name.as_ref()) {
            fs::remove_file(volume.join(name.as_ref()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, content: &str) -> ConfigFile {
        ConfigFile {
            path: path.to_owned(),
            content: content.into(),
            mode: 0o600,
        }
    }

    #[test]
    fn files_are_replaced_all_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let volume = folder.path();
        write_config(volume, &[file("a", "1"), file("sub/b", "2")], None).unwrap();
        assert_eq!(fs::read_to_string(volume.join("a")).unwrap(), "1");
        assert_eq!(fs::read_to_string(volume.join("sub/b")).unwrap(), "2");
        assert_eq!(
            fs::metadata(volume.join("a")).unwrap().permissions().mode() & 0o777,
            0o600
        );
        write_config(volume, &[file("a", "3"), file("c", "4")], None).unwrap();
        assert_eq!(fs::read_to_string(volume.join("a")).unwrap(), "3");
        assert_eq!(fs::read_to_string(volume.join("c")).unwrap(), "4");
        assert!(!volume.join("sub").exists());
        // One folder of files, the link to it, and two names.
        assert_eq!(fs::read_dir(volume).unwrap().count(), 4);
    }
}
