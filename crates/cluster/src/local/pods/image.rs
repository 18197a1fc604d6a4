use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
use towpath_oci::image::ResolvedImage;
use towpath_oci::reference::ImageReference;

use super::context::PodContext;

/// An image that is here, unpacked.
pub(super) struct Unpacked {
    pub(super) image: ResolvedImage,
    /// The top layer first.
    pub(super) lower: Vec<PathBuf>,
}

/// Fetches and unpacks; the error is a sentence for the pod's status.
pub(super) async fn unpack(pod: &PodContext, image: &str) -> Result<Unpacked, String> {
    let reference: ImageReference = image
        .parse()
        .map_err(|error| format!("image {image:?}: {error}"))?;
    let resolved = pod.machine.images.resolve(&reference).await;
    let image = resolved.map_err(|error| format!("cannot get image {image}: {error}"))?;
    pod.stands_on(image.layers.iter().map(|layer| layer.diff_id));
    let lower = pod.machine.layers.lower_folders(&image.layers).await;
    let lower = lower.map_err(|error| format!("cannot unpack image {reference}: {error}"))?;
    Ok(Unpacked { image, lower })
}

/// What an image's file may be long at most to be read by us.
const LONGEST: u64 = 1 << 20;

/// The text of a file of the image such as `etc/passwd`; empty when it has none. Links are not followed:
/// they would lead into the machine's own files.
pub(super) fn text_file(lower: &[PathBuf], folder: &str, name: &str) -> String {
    for layer in lower {
        match read_plain(&layer.join(folder), name) {
            Found::Text(text) => return text,
            Found::Whiteout => break,
            Found::Nothing => {}
        }
    }
    String::new()
}

enum Found {
    Text(String),
    /// The layer takes the file, or its folder, away from those below.
    Whiteout,
    Nothing,
}

impl Found {
    fn nothing_at(path: &Path, error: &std::io::Error) -> Self {
        if error.kind() != std::io::ErrorKind::NotFound {
            tracing::warn!(path = %path.display(), %error, "cannot read a file of an image");
        }
        Found::Nothing
    }
}

fn read_plain(folder: &Path, name: &str) -> Found {
    match std::fs::symlink_metadata(folder) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Found::Whiteout,
        Err(error) => return Found::nothing_at(folder, &error),
    }
    let path = folder.join(name);
    match std::fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Found::Whiteout,
        Err(error) => return Found::nothing_at(&path, &error),
    }
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(O_NOFOLLOW | O_NONBLOCK)
        .open(&path);
    let mut bytes = Vec::new();
    match opened.and_then(|file| file.take(LONGEST).read_to_end(&mut bytes)) {
        Ok(_) => Found::Text(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Found::nothing_at(&path, &error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_topmost_file_is_read_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let layer = |name: &str| {
            let layer = folder.path().join(name);
            fs::create_dir_all(layer.join("etc")).unwrap();
            layer
        };
        let (top, bottom) = (layer("top"), layer("bottom"));
        fs::write(bottom.join("etc/passwd"), "bottom").unwrap();
        let lower = [top.clone(), bottom];
        assert_eq!(text_file(&lower, "etc", "passwd"), "bottom");
        assert_eq!(text_file(&lower, "etc", "group"), "");
        fs::write(top.join("etc/passwd"), "top").unwrap();
        assert_eq!(text_file(&lower, "etc", "passwd"), "top");
        fs::remove_file(top.join("etc/passwd")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", top.join("etc/passwd")).unwrap();
        assert_eq!(text_file(&lower, "etc", "passwd"), "");
    }
}
